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
      return found->second.block;
    }
  }
  const std::shared_ptr<float[]> block = take_memory();
  load(block.get());
  std::vector<Block> fallen;  // give their memory back without the lock
  const std::lock_guard lock(part.mutex);
  if (const auto found = part.kept.find(number); found != part.kept.end()) {
    return found->second.block;  // another thread was faster
  }
  part.order.push_front(number);
  part.kept.emplace(number, Kept{block, part.order.begin()});
  count_.fetch_add(1, std::memory_order_relaxed);
  while (part.kept.size() > 1 &&
         count_.load(std::memory_order_relaxed) > most_.load(std::memory_order_relaxed)) {
    const auto last = part.kept.find(part.order.back());
    fallen.push_back(std::move(last->second.block));
    part.kept.erase(last);
    part.order.pop_back();
    count_.fetch_sub(1, std::memory_order_relaxed);
  }
  return block;
}

}  // namespace dga
