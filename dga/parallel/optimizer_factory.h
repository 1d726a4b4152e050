// SPDX-License-Identifier: Apache-2.0
//
// How a user says which torch optimiser to run over the flat slices, and with which options.

#pragma once

#include <torch/optim/optimizer.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace dga {

/// Builds the optimiser. It is given one torch parameter group for every ParameterGroup, in order,
/// and a last one, without options of its own, for all other parameters. Their tensors are 1-D
/// slices, so the optimiser must be element-wise: SGD, Adam, AdamW, RMSprop, Adagrad, not LBFGS.
using OptimizerFactory = std::function<std::unique_ptr<torch::optim::Optimizer>(
    std::vector<torch::optim::OptimizerParamGroup>)>;

/// The factory of a torch optimiser:
///
///     optimizer_factory<torch::optim::AdamW>(torch::optim::AdamWOptions(1e-3).weight_decay(0.1))
template <typename Optimizer, typename Options>
OptimizerFactory optimizer_factory(Options options) {
  return [options = std::move(options)](std::vector<torch::optim::OptimizerParamGroup> groups) {
    return std::make_unique<Optimizer>(std::move(groups), options);
  };
}

/// Parameters with optimiser options of their own, as in a torch OptimizerParamGroup.
struct ParameterGroup {
  /// Whether a parameter is one of the group; the first group that answers true has it.
  std::function<bool(const std::string& name, const at::Tensor& parameter)> contains;
  /// For instance std::make_shared<torch::optim::AdamWOptions>(AdamWOptions().weight_decay(0)).
  /// torch lets a value that equals its own default stand for "as the optimiser's".
  std::shared_ptr<const torch::optim::OptimizerOptions> options;
};

}  // namespace dga
