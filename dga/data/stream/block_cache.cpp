// SPDX-License-Identifier: Apache-2.0

#include "dga/data/stream/block_cache.h"

#include <utility>

namespace dga {

BlockCache::Block BlockCache::get(std::int64_t number,
                                  const std::function<std::vector<float>()>& load) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = kept_.find(number); found != kept_.end()) {
      order_.splice(order_.begin(), order_, found->second.place);
      return found->second.block;
    }
  }
  Block block = std::make_shared<const std::vector<float>>(load());
  const std::lock_guard lock(mutex_);
  if (const auto found = kept_.find(number); found != kept_.end()) {
    return found->second.block;  // another thread was faster
  }
  order_.push_front(number);
  kept_.emplace(number, Kept{block, order_.begin()});
  if (kept_.size() > most_) {
    kept_.erase(order_.back());
    order_.pop_back();
  }
  return block;
}

}  // namespace dga
