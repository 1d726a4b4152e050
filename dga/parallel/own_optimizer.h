// SPDX-License-Identifier: Apache-2.0
//
// What the constructors and steps of optimisers that dga adds to torch's have in common.

#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <torch/optim/optimizer.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "dga/base/error.h"

namespace dga {

inline void check_at_least_0(const char* name, double value) {
  DGA_CHECK(std::isfinite(value) && value >= 0, "[parallel] ", name, ": expected 0 or more, found ",
            value, ".");
}

/// Gives each parameter group the options it came with, of type Options, and calls `check` for
/// them. torch 2.15 keeps a group's options only if their type is one of its own. Throws
/// InvalidArgument for options of another optimiser.
template <typename Options>
void adopt_options(torch::optim::Optimizer& optimizer,
                   const std::vector<torch::optim::OptimizerParamGroup>& groups, const char* name,
                   void (*check)(const Options&)) {
  for (std::size_t i = 0; i < groups.size(); ++i) {
    auto& group = optimizer.param_groups()[i];
    if (groups[i].has_options()) {
      group.set_options(groups[i].options().clone());
    }
    const auto* options = dynamic_cast<const Options*>(&group.options());
    DGA_CHECK(options != nullptr, "[parallel] ", name, ": expected ", name,
              "Options for parameter group ", i, ", found options of another optimiser.");
    check(*options);
  }
}

/// Calls `closure`, as a step does first, and returns its loss. Returns an undefined tensor if
/// `closure` is null.
inline at::Tensor loss_of(const torch::optim::Optimizer::LossClosure& closure) {
  if (closure == nullptr) {
    return {};
  }
  const at::AutoGradMode with_graph(true);
  return closure();
}

}  // namespace dga
