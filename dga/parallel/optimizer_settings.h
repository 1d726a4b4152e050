// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <torch/optim/optimizer.h>

#include <span>
#include <string_view>

namespace dga {

/// A number among the options of an optimiser; yes and no are 1 and 0.
struct OptimizerSetting {
  std::string_view name;
  double (*value)(const torch::optim::OptimizerOptions& options);
};

/// The settings of options of this type: all of them for torch's optimisers, Muon and Lamb; of
/// other types the learning rate, the only one that torch's base class knows.
std::span<const OptimizerSetting> settings_of(const torch::optim::OptimizerOptions& options);

}  // namespace dga
