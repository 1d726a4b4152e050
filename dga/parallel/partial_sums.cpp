// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/partial_sums.h"

#include <algorithm>
#include <array>
#include <bit>

#include "dga/comm/collectives/tree_reduce.h"

namespace dga {
namespace {

std::size_t slots_for(const std::vector<TreeNode>& cover) {
  std::size_t slots = 0;
  for (std::size_t i = 0; i < cover.size(); ++i) {
    // After m workers the stack has an entry for each 1 among the binary digits of m.
    const auto most = std::bit_width(static_cast<unsigned>(cover[i].size) + 1) - 1;
    slots = std::max(slots, i + static_cast<std::size_t>(most));
  }
  return slots;
}

}  // namespace

int PartialSums::most_slots(const WorkerBlocks& blocks) {
  std::size_t most = 0;
  for (int carrier = 0; carrier < blocks.carriers() && !blocks.one_each(); ++carrier) {
    most = std::max(most, slots_for(blocks.cover_of(carrier)));
  }
  return static_cast<int>(most);
}

PartialSums::PartialSums(const ParameterLayout& layout, int carrier)
    : layout_(layout),
      first_worker_(layout.blocks().of(carrier).first),
      cover_(layout.blocks().cover_of(carrier)) {
  const std::size_t slots = slots_for(cover_);
  for (const Bucket& bucket : layout.buckets()) {
    offsets_.push_back(bytes_);
    const std::int64_t each = bucket.count * size_of(partial_type(bucket.type));
    bytes_ += each * static_cast<std::int64_t>(slots);
    bytes_ = (bytes_ + ParameterLayout::kLineBytes - 1) / ParameterLayout::kLineBytes *
             ParameterLayout::kLineBytes;
  }
}

std::byte* PartialSums::slot(std::size_t bucket, std::size_t number) const {
  const Bucket& whole = layout_.buckets()[bucket];
  return memory_ + offsets_[bucket] +
         static_cast<std::int64_t>(number) * whole.count * size_of(partial_type(whole.type));
}

ConstBufferView PartialSums::of(int bucket) const {
  const Bucket& whole = layout_.buckets()[static_cast<std::size_t>(bucket)];
  return {static_cast<const void*>(slot(static_cast<std::size_t>(bucket), 0)),
          whole.count * static_cast<std::int64_t>(cover_.size()), partial_type(whole.type)};
}

void PartialSums::store(std::size_t to, const std::byte* gradients, double weight) const {
  for (std::size_t number = 0; number < layout_.buckets().size(); ++number) {
    const Bucket& bucket = layout_.buckets()[number];
    const std::array sources{
        ReduceSource{.node = {0, 1, 0}, .data = gradients + bucket.first_byte, .weight = weight}};
    const std::array<void*, 1> out{slot(number, to)};
    tree_reduce(sources, out, bucket.count, bucket.type, ReduceOp::sum, true);
  }
}

void PartialSums::combine(std::size_t to, const std::byte* gradients, double weight) const {
  for (std::size_t number = 0; number < layout_.buckets().size(); ++number) {
    const Bucket& bucket = layout_.buckets()[number];
    const std::array sources{
        ReduceSource{.node = {0, 1, 0}, .data = slot(number, to), .partial = true},
        ReduceSource{.node = {1, 1, 0}, .data = gradients + bucket.first_byte, .weight = weight}};
    const std::array<void*, 1> out{slot(number, to)};
    tree_reduce(sources, out, bucket.count, bucket.type, ReduceOp::sum, true);
  }
}

void PartialSums::merge_top() {
  const std::size_t right = node_ + levels_.size() - 1;
  for (std::size_t number = 0; number < layout_.buckets().size(); ++number) {
    const Bucket& bucket = layout_.buckets()[number];
    const std::array sources{
        ReduceSource{.node = {0, 1, 0}, .data = slot(number, right - 1), .partial = true},
        ReduceSource{.node = {1, 1, 0}, .data = slot(number, right), .partial = true}};
    const std::array<void*, 1> out{slot(number, right - 1)};
    tree_reduce(sources, out, bucket.count, bucket.type, ReduceOp::sum, true);
  }
  levels_.pop_back();
  ++levels_.back();
}

void PartialSums::add(const std::byte* gradients, double weight) {
  if (!levels_.empty() && levels_.back() == 0) {
    combine(node_ + levels_.size() - 1, gradients, weight);
    levels_.back() = 1;
  } else {
    store(node_ + levels_.size(), gradients, weight);
    levels_.push_back(0);
  }
  while (levels_.size() > 1 && levels_[levels_.size() - 2] == levels_.back()) {
    merge_top();
  }
  ++next_;
  const TreeNode& node = cover_[node_];
  if (first_worker_ + next_ == node.first + node.size) {
    while (levels_.size() > 1) {
      merge_top();
    }
    levels_.clear();
    ++node_;
  }
}

void PartialSums::restart() noexcept {
  next_ = 0;
  node_ = 0;
  levels_.clear();
}

}  // namespace dga
