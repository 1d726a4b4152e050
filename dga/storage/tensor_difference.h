// SPDX-License-Identifier: Apache-2.0
//
// TensorDifference: a tensor that is not the same in two checkpoints.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dga/storage/checkpoint_tensors.h"
#include "dga/storage/element_difference.h"

namespace dga {

struct TensorDifference {
  std::string name = {};
  /// Null: there is no tensor of that name. They are those of the CheckpointTensors.
  const CheckpointTensor* a = nullptr;
  const CheckpointTensor* b = nullptr;
  /// Of two tensors of one type and shape.
  ElementDifference elements = {};

  /// Whether both are there, with one type and shape.
  bool is_of_elements() const noexcept;
};

/// The tensors that differ: those of `a` in its order, then those that only `b` has. Reads both
/// block by block. Throws StorageError.
std::vector<TensorDifference> differing_tensors(const CheckpointTensors& a,
                                                const CheckpointTensors& b);

}  // namespace dga
