// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string_view>

#include "dga/comm/communicator.h"
#include "dga/parallel/gradient_reducer.h"

namespace dga {

/// What one worker, or carrier, has found in its gradients.
struct FoundGradients {
  bool non_finite = false;
  bool may_overflow = false;  // see FiniteCheck
};

/// What all know of a step, and whether the gradients of any may_overflow.
struct AgreedStep {
  StepTotals totals;
  bool may_overflow = false;
};

/// Adds up what each rank contributes to a step. When it returns, every rank has called it.
/// Collective; blocks.
AgreedStep agree_on_step(const Communicator& workers, const StepContribution& step,
                         const FoundGradients& found, std::string_view label);

}  // namespace dga
