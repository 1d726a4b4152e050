// SPDX-License-Identifier: Apache-2.0
//
// How a user says which torch optimisers to run, over which parameters, and with which options.

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

/// Builds a torch optimiser. It is given one torch parameter group for every ParameterGroup, in
/// order, and a last one, without options of its own, for all other parameters; any of them may be
/// empty on some workers. Returns an optimiser over these groups.
using MakeOptimizer = std::function<std::unique_ptr<torch::optim::Optimizer>(
    std::vector<torch::optim::OptimizerParamGroup>)>;

/// Whether a parameter, given by its name and as its module has it, is one of those meant. The same
/// on every worker.
using ParameterSelector = std::function<bool(const std::string& name, const at::Tensor& parameter)>;

/// An optimiser that needs whole parameters, such as Muon or Shampoo, and what it updates.
struct AtomicOptimizer {
  /// Which parameters it updates; none by default.
  ParameterSelector selects{};
  /// Exceptions: the name of a parameter, or of a module for all parameters in it. A tied parameter
  /// goes by the first of its names.
  std::vector<std::string> except{};
  /// Builds it over the parameters that this worker owns, each in its true shape.
  MakeOptimizer make{};
};

/// The optimiser of a GradientAccumulator: an element-wise one and, optionally, one that updates
/// whole parameters. docs/optimizers.md has examples of both.
struct OptimizerFactory {
  OptimizerFactory() = default;
  /// An element-wise optimiser alone. Not explicit, so that a lambda will do.
  template <typename Make>
  requires(std::convertible_to<Make, MakeOptimizer> && !std::same_as<Make, OptimizerFactory>)
      // NOLINTNEXTLINE(google-explicit-constructor)
      OptimizerFactory(Make make)
      : element_wise(std::move(make)) {}

  /// Builds the optimiser of all parameters that `atomic` does not update. Their tensors are 1-D
  /// slices, cut anywhere, so it must be element-wise: SGD, Adam, AdamW, RMSprop, Adagrad, not
  /// LBFGS.
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

/// Parameters with optimiser options of their own, as in a torch OptimizerParamGroup.
struct ParameterGroup {
  /// Whether a parameter is one of the group; the first group that returns true has it.
  ParameterSelector contains;
  /// Of the element-wise optimiser, for instance
  /// std::make_shared<torch::optim::AdamWOptions>(AdamWOptions().weight_decay(0)). Null: as all
  /// others. In options of a type of its own, torch lets a value that equals its default stand for
  /// "as the optimiser's"; other types are taken as they are.
  std::shared_ptr<const torch::optim::OptimizerOptions> options{};
  /// Of the atomic optimiser, for instance std::make_shared<MuonOptions>(0.01).
  std::shared_ptr<const torch::optim::OptimizerOptions> atomic_options{};
};

}  // namespace dga
