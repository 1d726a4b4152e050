// SPDX-License-Identifier: Apache-2.0
//
// OwnedState: the part of an accumulator's state that one worker owns, so that each can write and
// read its own part of a checkpoint.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace dga {

/// Some elements of a tensor of the state.
struct OwnedPart {
  std::string name;                 ///< of the whole tensor: "fc1.weight/exp_avg"
  std::vector<std::int64_t> shape;  ///< of the whole; empty: a number
  /// Of the whole, which is dense, in elements.
  std::vector<std::int64_t> strides;
  std::int64_t first = 0;  ///< of the whole's elements, in the order of its memory
  /// 1-D, in that order. Its memory may be that of the accumulator, which the next step changes.
  at::Tensor values;
};

/// All workers' parts together are the whole state, each element once.
struct OwnedState {
  std::vector<OwnedPart> parameters;  ///< "fc1.weight"
  std::vector<OwnedPart> optimizer;   ///< "fc1.weight/exp_avg", "fc1.weight/step"
  std::vector<OwnedPart> average;     ///< "fc1.weight"; empty if none is kept
};

/// The elements of a parameter that a worker owns or updates, whose state it has to load.
struct OwnedRange {
  std::string parameter;
  at::Tensor like;         ///< the shape and strides of the parameter; without values of its own
  std::int64_t first = 0;  ///< of its elements, in the order of its memory
  std::int64_t count = 0;
};

/// The state of such elements as it was stored.
struct RangeState {
  /// Such as {"exp_avg", 1-D tensor of `count` elements}, and numbers as tensors without
  /// dimensions.
  std::vector<std::pair<std::string, at::Tensor>> optimizer;
  at::Tensor average;  ///< 1-D; undefined if none is kept
};

/// Reads the state of a range. May throw.
using ReadRange = std::function<RangeState(const OwnedRange&)>;

}  // namespace dga
