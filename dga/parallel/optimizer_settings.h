// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <torch/optim/optimizer.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dga {

/// A number among the options of an optimiser; yes and no are 1 and 0.
struct OptimizerSetting {
  std::string_view name;
  double (*value)(const torch::optim::OptimizerOptions& options);
};

/// The settings that options of the type of `options` have: all of torch's SGD, Adam, AdamW,
/// RMSprop and Adagrad, and of Muon and Lamb, choices as their numbers. For any other type only the
/// learning rate, because torch's base class knows no other.
std::span<const OptimizerSetting> settings_of(const torch::optim::OptimizerOptions& options);

/// The name of the type of `options`, and a line for each number and text in them. Those of a type
/// that `settings_of` does not know are serialised, which takes torch 10 ms the first time;
/// no such line for options that cannot be serialised.
std::vector<std::string> lines_of(const torch::optim::OptimizerOptions& options);

/// Whether `optimizer` is of a type of torch or dga that is known to step without a closure.
bool steps_without_closure(const torch::optim::Optimizer& optimizer);

}  // namespace dga
