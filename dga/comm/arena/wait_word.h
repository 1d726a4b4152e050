// SPDX-License-Identifier: Apache-2.0
//
// WaitWord: a counter in shared memory that can be slept on. Phase: "all workers of a node have
// come this far", the building block of every collective.

#pragma once

#include <atomic>
#include <cstdint>

#include "dga/comm/arena/futex.h"

namespace dga {

class WaitWord {
 public:
  std::uint32_t load() const noexcept { return value_.load(std::memory_order_acquire); }

  /// Publishes `value` (release) and wakes the sleepers.
  void store(std::uint32_t value) noexcept {
    value_.store(value, std::memory_order_seq_cst);
    wake();
  }
  void increment() noexcept {
    value_.fetch_add(1, std::memory_order_seq_cst);
    wake();
  }

  /// Sleeps while the word holds `seen`, for `seconds` at most.
  void sleep(std::uint32_t seen, double seconds) noexcept {
    // Either this increment is seen by the writer, which then wakes, or the kernel finds that the
    // value is no longer `seen`: both accesses are seq_cst on both sides.
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    futex_wait(value_, seen, seconds);
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  void wake() noexcept {
    if (sleepers_.load(std::memory_order_seq_cst) != 0) {
      futex_wake_all(value_);
    }
  }

  std::atomic<std::uint32_t> value_{0};
  std::atomic<std::uint32_t> sleepers_{0};
};

/// Counts arrivals, round after round. Rounds are numbered upwards from 1, may be skipped, and may
/// wrap; a round begins when everybody has left the one before.
class Phase {
 public:
  /// One of `workers` workers has come to `round`. What it wrote before is seen by whoever finds
  /// the round complete: the counter's acq_rel chain ends in the word's release.
  void arrive(std::uint32_t workers, std::uint32_t round) noexcept {
    if (count_.fetch_add(1, std::memory_order_acq_rel) + 1 == workers) {
      // Nobody counts until the next round, which this store (through the word) happens before.
      count_.store(0, std::memory_order_relaxed);
      complete_.store(round);
    }
  }
  bool complete(std::uint32_t round) const noexcept {
    return static_cast<std::int32_t>(complete_.load() - round) >= 0;
  }
  WaitWord& word() noexcept { return complete_; }

 private:
  // Apart: those who arrive write the first line, those who wait read the second.
  alignas(64) std::atomic<std::uint32_t> count_{0};
  alignas(64) WaitWord complete_;
};

}  // namespace dga
