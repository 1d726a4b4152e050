// SPDX-License-Identifier: Apache-2.0

#include "dga/data/stream/block_cache.h"

#include <algorithm>
#include <utility>

namespace dga {

BlockCache::BlockCache(std::size_t most, std::int64_t elements)
    : elements_(static_cast<std::size_t>(elements)),
      spare_(std::make_shared<Spare>()),
      most_(std::max<std::size_t>(1, most)) {}

void BlockCache::keep(std::size_t most) {
  const std::lock_guard lock(mutex_);
  most_ = std::max(most_, most);
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
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = kept_.find(number); found != kept_.end()) {
      order_.splice(order_.begin(), order_, found->second.place);
      return found->second.block;
    }
  }
  const std::shared_ptr<float[]> block = take_memory();
  load(block.get());
  Block fallen;  // gives its memory back without mutex_
  const std::lock_guard lock(mutex_);
  if (const auto found = kept_.find(number); found != kept_.end()) {
    return found->second.block;  // another thread was faster
  }
  order_.push_front(number);
  kept_.emplace(number, Kept{block, order_.begin()});
  if (kept_.size() > most_) {
    const auto last = kept_.find(order_.back());
    fallen = std::move(last->second.block);
    kept_.erase(last);
    order_.pop_back();
  }
  return block;
}

}  // namespace dga
