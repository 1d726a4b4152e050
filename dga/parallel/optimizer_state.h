// SPDX-License-Identifier: Apache-2.0
//
// The state that torch optimisers keep for a parameter, by name. Works for any optimiser whose
// state can be serialised.

#pragma once

#include <ATen/core/ivalue.h>
#include <torch/optim/optimizer.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dga/comm/collectives/fixed_tree.h"

namespace dga {

/// Such as {"step", 12} and {"exp_avg", a tensor}.
using StateValues = std::vector<std::pair<std::string, c10::IValue>>;

/// Tensors of torch's own optimisers share their memory with `state`; those of other types are
/// copies.
StateValues values_of(const torch::optim::OptimizerParamState& state);
/// Such as {"momentum", 0.9}. torch throws for options that cannot be serialised.
StateValues values_of(const torch::optim::OptimizerOptions& options);
/// State of the type of `like` with these values, whose tensors it may share. Throws
/// InvalidArgument unless `like` has values of the same names.
std::unique_ptr<torch::optim::OptimizerParamState> state_with(
    const torch::optim::OptimizerParamState& like, const StateValues& values);

/// The state that a torch optimiser would hold for `elements` of a 1-D parameter of `whole`
/// elements whose state is `state`: 1-D tensors of that length are cut, everything else is copied.
std::unique_ptr<torch::optim::OptimizerParamState> slice_state(
    const torch::optim::OptimizerParamState& state, std::int64_t whole, Slice elements);

/// A part of the state of one parameter.
struct StatePart {
  int parameter = 0;        ///< its number in the layout
  std::string name;         ///< such as "exp_avg"
  std::int64_t first = -1;  ///< of the parameter's elements in memory; -1: of all of it
  /// 1-D, in the order of the parameter's memory. If `first` is -1, any value: a number is a tensor
  /// without dimensions.
  at::Tensor values;
};

/// The elements of `tensor`, which has the shape of `like`, as a 1-D copy in the order that those
/// of `like` have in memory. `like` must be dense.
at::Tensor in_memory_order(const at::Tensor& tensor, const at::Tensor& like);

}  // namespace dga
