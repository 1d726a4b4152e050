// SPDX-License-Identifier: Apache-2.0
//
// Checkpoint: the state of a run between two steps, in the files of its carriers.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dga/parallel/accumulator_state.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/parallel/owned_state.h"
#include "dga/storage/checkpoint_tensors.h"
#include "dga/storage/tensor_parts.h"
#include "dga/train/kept_weights.h"
#include "dga/train/run_state.h"

namespace torch::nn {
class Module;
}

namespace dga {

/// Memory for copies of one checkpoint after another. Fresh memory would take several times as
/// long.
class SnapshotMemory {
 public:
  /// At least `bytes`, aligned to 64 bytes; what was in it is lost.
  std::byte* reserve(std::int64_t bytes);

 private:
  std::shared_ptr<std::byte[]> memory_;
  std::int64_t bytes_ = 0;
};

/// The tensors that a carrier writes.
class CheckpointShard {
 public:
  /// What a carrier owns. It is copied to `memory`, which must outlive this, so that later steps do
  /// not change it.
  CheckpointShard(const OwnedState& owned, SnapshotMemory& memory);
  /// What worker 0 writes besides: the tensors of the module that are not trained, and the workers'
  /// buffers.
  void add_rest(const torch::nn::Module& module, const AccumulatorState& rest);
  /// The weights of the epoch to be saved. Shares their memory.
  void add_kept(const torch::nn::Module& module, const KeptWeights& kept);

  std::span<const TensorPart> parts() const noexcept { return parts_; }
  /// Of the model's tensors; empty without add_rest.
  const std::vector<std::string>& order() const noexcept { return order_; }

 private:
  void add(const std::string& name, const OwnedPart& part, std::byte*& to);
  void add_whole(const std::string& name, const at::Tensor& tensor);

  std::vector<TensorPart> parts_;
  std::vector<at::Tensor> alive_;  // the memory of those that are not in the snapshot's
  std::vector<std::string> order_;
};

/// Sets the parameters and buffers of `module`, and `kept` where state.has_kept, to those of a
/// verified checkpoint. `state`: read_state of it. Throws StorageError, and changes nothing then,
/// if a tensor is missing or has another shape or type.
void read_module(const CheckpointTensors& from, const RunState& state, torch::nn::Module& module,
                 KeptWeights& kept);
RunState read_state(const std::string& path);

/// What all workers need of a checkpoint, besides what each owns.
AccumulatorState read_rest(const CheckpointTensors& from, const RunState& state);
/// What a worker needs for the elements that it owns.
RangeState read_range(const CheckpointTensors& from, const OwnedRange& range);

}  // namespace dga
