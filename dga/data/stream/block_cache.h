// SPDX-License-Identifier: Apache-2.0
//
// BlockCache: the blocks of a dataset that were used last, for all threads that read it.

#pragma once

#include <cstddef>
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
  using Block = std::shared_ptr<const float[]>;

  /// Keeps at most `most` blocks of `elements` each, at least one.
  BlockCache(std::size_t most, std::int64_t elements);

  /// Block `number`, which `load` writes to its argument unless the block is kept. Two threads that
  /// miss it at the same time both load it. A block that falls out lives as long as somebody holds
  /// it. Throws what `load` throws.
  Block get(std::int64_t number, const std::function<void(float* block)>& load);

  /// Keeps at least `most` blocks from now on.
  void keep(std::size_t most);

 private:
  /// Memory that no block uses. Taking it again is faster than new pages from the system.
  struct Spare {
    std::mutex mutex;  // guards `arrays`
    std::vector<std::unique_ptr<float[]>> arrays;
  };
  struct Kept {
    Block block;
    std::list<std::int64_t>::iterator place;  // in order_
  };

  std::shared_ptr<float[]> take_memory() const;

  std::size_t elements_;
  std::shared_ptr<Spare> spare_;  // also held by the blocks, which give their memory back to it
  // Guards what follows. It is not held during a load, so readers of other blocks go on.
  std::mutex mutex_;
  std::size_t most_;
  std::list<std::int64_t> order_;  // numbers, the last used first
  std::map<std::int64_t, Kept> kept_;
};

}  // namespace dga
