// SPDX-License-Identifier: Apache-2.0

#include "dga/data/stream/block_cache.h"

#include <algorithm>
#include <utility>

namespace dga {

BlockCache::BlockCache(std::size_t most, std::int64_t elements)
    : elements_(static_cast<std::size_t>(elements)),
      spare_(std::make_shared<Spare>()),
      most_(most) {}

void BlockCache::keep(std::size_t most) {
  std::size_t before = most_.load(std::memory_order_relaxed);
  while (before < most && !most_.compare_exchange_weak(before, most, std::memory_order_relaxed)) {
  }
}

std::shared_ptr<float[]> BlockCache::take_memory() const {
  std::unique_ptr<float[]> array;
  {
    const std::lock_guard lock(spare_->mutex);
    if (!spare_->arrays.empty()) {
      array = std::move(spare_->arrays.back());
      spare_->arrays.pop_back();
    }
  }
  if (array == nullptr) {
    array.reset(new float[elements_]);
  }
  return {array.release(), [spare = spare_](float* memory) {
            const std::lock_guard lock(spare->mutex);
            spare->arrays.emplace_back(memory);
          }};
}

BlockCache::Block BlockCache::get(std::int64_t number,
                                  const std::function<void(float* block)>& load) {
  Part& part = parts_[static_cast<std::size_t>(number % kParts)];
  const std::uint64_t now = clock_.fetch_add(1, std::memory_order_relaxed);
  {
    const std::lock_guard lock(part.mutex);
    if (const auto found = part.kept.find(number); found != part.kept.end()) {
      part.order.splice(part.order.begin(), part.order, found->second.place);
      found->second.used = now;
      return found->second.block;
    }
  }
  const std::shared_ptr<float[]> block = take_memory();
  load(block.get());
  {
    const std::lock_guard lock(part.mutex);
    if (const auto found = part.kept.find(number); found != part.kept.end()) {
      return found->second.block;  // another thread was faster
    }
    part.order.push_front(number);
    part.kept.emplace(number, Kept{block, part.order.begin(), now});
  }
  // A thread that adds a block drops at most one, so none drops too many.
  if (count_.fetch_add(1, std::memory_order_relaxed) >= most_.load(std::memory_order_relaxed)) {
    drop_oldest();
  }
  return block;
}

bool BlockCache::holds(std::int64_t number) const {
  const Part& part = parts_[static_cast<std::size_t>(number % kParts)];
  const std::lock_guard lock(part.mutex);
  return part.kept.contains(number);
}

void BlockCache::drop_oldest() {
  Part* oldest = nullptr;
  std::uint64_t time = 0;
  for (Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    if (part.order.empty()) {
      continue;
    }
    const std::uint64_t used = part.kept.at(part.order.back()).used;
    if (oldest == nullptr || used < time) {
      oldest = &part;
      time = used;
    }
  }
  // Another thread may have used or dropped this block meanwhile. The last one of its part is then
  // nearly as old, and an empty part drops nothing: the count stays right.
  Block fallen;  // gives its memory back without the lock
  if (oldest != nullptr) {
    const std::lock_guard lock(oldest->mutex);
    if (!oldest->order.empty()) {
      const auto last = oldest->kept.find(oldest->order.back());
      fallen = std::move(last->second.block);
      oldest->kept.erase(last);
      oldest->order.pop_back();
      count_.fetch_sub(1, std::memory_order_relaxed);
    }
  }
}

}  // namespace dga
