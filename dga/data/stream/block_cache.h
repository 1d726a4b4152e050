// SPDX-License-Identifier: Apache-2.0
//
// BlockCache: the blocks of a dataset that were used last, for all threads that read it.

#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace dga {

class BlockCache {
 public:
  using Block = std::shared_ptr<const std::vector<float>>;

  /// Keeps at most `most` blocks, at least one.
  explicit BlockCache(std::size_t most) : most_(most) {}

  /// Block `number`, from `load` unless it is kept. Two threads that miss it at the same time both
  /// load it. A block that falls out lives as long as somebody holds it. Throws what `load` throws.
  Block get(std::int64_t number, const std::function<std::vector<float>()>& load);

 private:
  struct Kept {
    Block block;
    std::list<std::int64_t>::iterator place;  // in order_
  };

  std::size_t most_;
  // Guards what follows. It is not held during a load, so readers of other blocks go on.
  std::mutex mutex_;
  std::list<std::int64_t> order_;  // numbers, the last used first
  std::map<std::int64_t, Kept> kept_;
};

}  // namespace dga
