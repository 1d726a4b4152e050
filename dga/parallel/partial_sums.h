// SPDX-License-Identifier: Apache-2.0
//
// PartialSums: what a carrier keeps of the gradients of its workers, who take turns: a few partial
// sums of the fixed tree instead of one buffer for each worker.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dga/base/dtype.h"
#include "dga/mesh/parameter_layout.h"

namespace dga {

/// The sums follow the fixed tree over all workers. At the end of a step there is one for each node
/// of WorkerBlocks::cover_of(carrier); meanwhile there are up to log2(workers) more. Partial sums
/// have the type partial_type. Used by one thread.
class PartialSums {
 public:
  /// `layout` must outlive this.
  PartialSums(const ParameterLayout& layout, int carrier);

  /// The number of gradient buffers whose memory the sums take on the carrier that needs most; 0 if
  /// each carrier has one worker.
  static int most_slots(const WorkerBlocks& blocks);

  /// The memory that the sums need.
  std::int64_t bytes() const noexcept { return bytes_; }
  /// Where that memory is. Call it before the functions below.
  void place_at(std::byte* memory) noexcept { memory_ = memory; }

  /// Adds `weight` times the flat gradient buffer of the block's next worker.
  void add(const std::byte* gradients, double weight);
  /// Forgets the sums: the next worker is the first of the block.
  void restart() noexcept;

  /// The sums of `bucket` for the cover, one after the other. Once all workers have been added.
  ConstBufferView of(int bucket) const;

 private:
  std::byte* slot(std::size_t bucket, std::size_t number) const;
  void store(std::size_t to, const std::byte* gradients, double weight) const;
  void combine(std::size_t to, const std::byte* gradients, double weight) const;
  void merge_top();

  const ParameterLayout& layout_;
  int first_worker_;
  std::vector<TreeNode> cover_;
  std::vector<std::int64_t> offsets_;  // of each bucket's slots
  std::int64_t bytes_ = 0;
  std::byte* memory_ = nullptr;

  int next_ = 0;          // of the block, the worker whose gradients come next
  std::size_t node_ = 0;  // the node of the cover to which it belongs
  // The sums of this node so far, in the slots from node_ on: a stack as in tree_reduce.
  std::vector<int> levels_;
};

}  // namespace dga
