// SPDX-License-Identifier: Apache-2.0
//
// BlockCache: the blocks of a dataset that were used last, for all threads that read it.

#pragma once

#include <array>
#include <atomic>
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

  /// Blocks whose numbers differ by a multiple of this share a lock. Threads that read blocks of
  /// their own, one after another, therefore rarely wait for each other.
  static constexpr std::int64_t kParts = 16;

  /// Keeps `most` blocks of `elements` each.
  BlockCache(std::size_t most, std::int64_t elements);

  /// Block `number`, which `load` writes to its argument unless the block is kept. Two threads that
  /// miss it at the same time both load it. A block that falls out lives as long as somebody holds
  /// it. Throws what `load` throws.
  Block get(std::int64_t number, const std::function<void(float* block)>& load);

  /// Whether block `number` is kept at the moment.
  bool holds(std::int64_t number) const;

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
    std::list<std::int64_t>::iterator place;  // in Part::order
    std::uint64_t used = 0;                   // the time of clock_ at the last use
  };
  /// `mutex` guards the rest. It is not held during a load, so readers of other blocks go on.
  struct Part {
    mutable std::mutex mutex;
    std::list<std::int64_t> order;  // numbers, the last used first
    std::map<std::int64_t, Kept> kept;
  };

  std::shared_ptr<float[]> take_memory() const;
  /// Drops the block that has not been used for the longest time.
  void drop_oldest();

  std::size_t elements_;
  std::shared_ptr<Spare> spare_;    // also held by the blocks, which give their memory back to it
  std::array<Part, kParts> parts_;  // block b is in part b % kParts
  // They only decide which blocks are dropped and when, so their changes need no order: the blocks
  // themselves are behind the locks.
  std::atomic<std::size_t> most_;
  std::atomic<std::size_t> count_{0};    // the blocks in all parts
  std::atomic<std::uint64_t> clock_{0};  // counts uses
};

}  // namespace dga
