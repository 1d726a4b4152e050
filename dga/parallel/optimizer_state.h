// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <torch/optim/optimizer.h>

#include <cstdint>
#include <memory>

#include "dga/comm/collectives/fixed_tree.h"

namespace dga {

/// The state that a torch optimiser would hold for `elements` of a 1-D parameter of `whole`
/// elements whose state is `state`: 1-D tensors of that length are cut, everything else is copied.
/// Works for any optimiser whose state can be serialised.
std::unique_ptr<torch::optim::OptimizerParamState> slice_state(
    const torch::optim::OptimizerParamState& state, std::int64_t whole, Slice elements);

}  // namespace dga
