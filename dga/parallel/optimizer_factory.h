// SPDX-License-Identifier: Apache-2.0
//
// OptimizerFactory: which torch optimisers a GradientAccumulator uses, for which parameters, and
// with which options.

#pragma once

#include <torch/optim/optimizer.h>

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/error.h"

namespace dga {

/// Builds a torch optimiser over the given parameter groups: one for each ParameterGroup, in order,
/// and a last one, without options, for all other parameters. Any of them may be empty on some
/// workers.
using MakeOptimizer = std::function<std::unique_ptr<torch::optim::Optimizer>(
    std::vector<torch::optim::OptimizerParamGroup>)>;

/// Whether a parameter is selected. `parameter` has the shape that it has in its module. Must
/// return the same on every worker.
using ParameterSelector = std::function<bool(const std::string& name, const at::Tensor& parameter)>;

/// An optimiser that needs whole parameters, such as Muon or Shampoo, and what it updates.
struct AtomicOptimizer {
  /// Which parameters it updates; none by default.
  ParameterSelector selects{};
  /// Exceptions: the name of a parameter, or of a module for all parameters in it. A tied parameter
  /// is matched by its first name.
  std::vector<std::string> except{};
  /// Builds it over the parameters that this worker owns, each in its own shape.
  MakeOptimizer make{};
};

/// The optimiser of a GradientAccumulator: an element-wise one and, optionally, one that updates
/// whole parameters. docs/optimizers.md has examples of both.
struct OptimizerFactory {
  OptimizerFactory() = default;
  /// Only an element-wise optimiser. Not explicit, so that a lambda can be passed.
  template <typename Make>
  requires(std::convertible_to<Make, MakeOptimizer> && !std::same_as<Make, OptimizerFactory>)
      // NOLINTNEXTLINE(google-explicit-constructor)
      OptimizerFactory(Make make)
      : element_wise(std::move(make)) {}

  /// Builds the optimiser of all parameters that `atomic` does not update. Their tensors are 1-D
  /// slices that may start and end inside a parameter, so it must be element-wise: SGD, Adam,
  /// AdamW, RMSprop, Adagrad, not LBFGS.
  MakeOptimizer element_wise{};
  AtomicOptimizer atomic{};
};

/// The factory of an element-wise torch optimiser:
///
///     optimizer_factory<torch::optim::AdamW>(torch::optim::AdamWOptions(1e-3).weight_decay(0.1))
template <typename Optimizer, typename Options>
OptimizerFactory optimizer_factory(Options options) {
  return [options = std::move(options)](std::vector<torch::optim::OptimizerParamGroup> groups) {
    return std::make_unique<Optimizer>(std::move(groups), options);
  };
}

/// The factory of a whole-matrix optimiser for all parameters with two dimensions but those in
/// `except` (see AtomicOptimizer), and of the element-wise optimiser `others` for the rest:
///
///     matrix_optimizer_factory<Shampoo>(torch::optim::SGDOptions(0.1),
///                                       optimizer_factory<torch::optim::AdamW>(…), {"embedding"})
template <typename Optimizer, typename Options>
OptimizerFactory matrix_optimizer_factory(Options options, OptimizerFactory others,
                                          std::vector<std::string> except = {}) {
  DGA_CHECK(others.atomic.selects == nullptr,
            "[parallel] matrix_optimizer_factory: expected an element-wise optimiser for the other "
            "parameters, found one with an atomic optimiser of its own.");
  others.atomic.selects = [](const std::string&, const at::Tensor& tensor) {
    return tensor.dim() == 2;
  };
  others.atomic.except = std::move(except);
  others.atomic.make = optimizer_factory<Optimizer>(std::move(options)).element_wise;
  return others;
}

/// Parameters with their own optimiser options, as in a torch OptimizerParamGroup.
struct ParameterGroup {
  /// Selects the parameters of the group. A parameter belongs to the first group that selects it.
  ParameterSelector contains;
  /// Options for the element-wise optimiser, for instance
  /// std::make_shared<torch::optim::AdamWOptions>(AdamWOptions().weight_decay(0)). Null: the
  /// optimiser's own options. Note: in torch's built-in option types (torch::optim::AdamWOptions
  /// and the like), torch treats a value that equals the type's default as not set, and uses the
  /// optimiser's value. Options of your own types are used unchanged.
  std::shared_ptr<const torch::optim::OptimizerOptions> options{};
  /// Options for the atomic optimiser, for instance std::make_shared<MuonOptions>(0.01).
  std::shared_ptr<const torch::optim::OptimizerOptions> atomic_options{};
};

}  // namespace dga
