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

/// The settings that options of the type of `options` have: several for torch's SGD, Adam, AdamW,
/// RMSprop and Adagrad, and for Muon and Lamb. For any other type only the learning rate, because
/// torch's base class knows no other.
std::span<const OptimizerSetting> settings_of(const torch::optim::OptimizerOptions& options);

}  // namespace dga
