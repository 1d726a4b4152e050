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
  {
    const std::lock_guard lock(part.mutex);
    if (const auto found = part.kept.find(number); found != part.kept.end()) {
      part.order.splice(part.order.begin(), part.order, found->second.place);
      found->second.used = loads_.load(std::memory_order_relaxed);
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
    const std::int64_t now = loads_.fetch_add(1, std::memory_order_relaxed) + 1;
    part.kept.emplace(number, Kept{block, part.order.begin(), now});
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  drop_oldest();
  return block;
}

void BlockCache::drop_oldest() {
  std::size_t count = count_.load(std::memory_order_relaxed);
  while (count > most_.load(std::memory_order_relaxed)) {
    // Who lowers the count drops a block, so that two threads do not drop one too many.
    if (!count_.compare_exchange_weak(count, count - 1, std::memory_order_relaxed)) {
      continue;
    }
    Block fallen;  // gives its memory back without the lock
    while (fallen == nullptr) {
      Part* oldest = nullptr;
      std::int64_t used = 0;
      for (Part& part : parts_) {
        const std::lock_guard lock(part.mutex);
        if (part.order.empty()) {
          continue;
        }
        const std::int64_t last_used = part.kept.at(part.order.back()).used;
        if (oldest == nullptr || last_used < used) {
          oldest = &part;
          used = last_used;
        }
      }
      if (oldest == nullptr) {
        continue;  // another thread was faster, and a new block is in a part that was looked at
      }
      const std::lock_guard lock(oldest->mutex);
      if (!oldest->order.empty()) {
        const auto last = oldest->kept.find(oldest->order.back());
        fallen = std::move(last->second.block);
        oldest->kept.erase(last);
        oldest->order.pop_back();
      }
    }
    --count;
  }
}

}  // namespace dga
