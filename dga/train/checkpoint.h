// SPDX-License-Identifier: Apache-2.0
//
// Checkpoint: the tensors of a training between two steps, in the files of its carriers. The
// trainer and Checkpointer share it.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dga/parallel/accumulator_state.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/parallel/owned_state.h"
#include "dga/storage/checkpoint_tensors.h"
#include "dga/storage/tensor_parts.h"

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
  /// The weights of the epoch to be saved, those of all_tensors_of(module). Shares their memory.
  void add_kept(const torch::nn::Module& module, const std::vector<at::Tensor>& kept);
  /// A copy of a tensor of the program's own, under this whole name. Throws InvalidArgument for one
  /// that is not dense, not on the CPU, or of a type that the files do not have.
  void add_copy(const std::string& name, const at::Tensor& tensor);

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

/// The values of all_tensors_of(module) in a verified checkpoint: those whose names begin with
/// `prefix`, kModelTensors or kKeptTensors. Throws StorageError if a tensor is missing or has
/// another shape or type.
std::vector<at::Tensor> read_weights(const CheckpointTensors& from, const char* prefix,
                                     const torch::nn::Module& module);
/// Copies `values`, of read_weights, to the module. Throws nothing.
void set_weights(const torch::nn::Module& module, const std::vector<at::Tensor>& values);
/// All tensors whose names begin with `prefix`, under the rest of their names. Throws StorageError.
std::map<std::string, at::Tensor> read_tensors(const CheckpointTensors& from,
                                               const std::string& prefix);

/// What all workers need of a checkpoint, besides what each owns: its `numbers`, and its buffers.
AccumulatorState read_rest(const CheckpointTensors& from, AccumulatorState numbers);
/// What a worker needs for the elements that it owns.
RangeState read_range(const CheckpointTensors& from, const OwnedRange& range);

}  // namespace dga
