// SPDX-License-Identifier: Apache-2.0
//
// WaitWord: a 32-bit word in shared memory on which workers can sleep. Phase: a barrier of the
// workers of a node that separates arriving from waiting, the building block of every collective.

#pragma once

#include <atomic>
#include <cstdint>

#include "dga/comm/arena/futex.h"

namespace dga {

/// Zero-initialised. Any thread or process may call its functions at any time.
class WaitWord {
 public:
  std::uint32_t load() const noexcept { return value_.load(std::memory_order_acquire); }

  /// Stores `value` and wakes the sleepers. What the caller wrote before is visible to those who
  /// load the new value (release and acquire).
  void store(std::uint32_t value) noexcept {
    value_.store(value, std::memory_order_seq_cst);
    wake();
  }
  void increment() noexcept {
    value_.fetch_add(1, std::memory_order_seq_cst);
    wake();
  }

  /// Sleeps while the word holds `seen`, for at most `seconds`. May return earlier.
  void sleep(std::uint32_t seen, double seconds) noexcept {
    // No wake-up is lost. A writer changes value_ and then loads sleepers_; a sleeper increments
    // sleepers_ and then lets the kernel load value_. The writer's accesses and the increment are
    // seq_cst, and the system call is ordered after the increment. So either the writer sees the
    // sleeper and wakes it, or the kernel finds that the value is no longer `seen` and returns at
    // once. The decrement may be relaxed: seen late, it only causes an unneeded wake-up.
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

/// Zero-initialised. The caller numbers rounds 1, 2, …. It may skip numbers, and goes on with 0
/// after the largest uint32. A worker may arrive in a round only after the round before is
/// complete.
class Phase {
 public:
  /// Records that one of `workers` workers has reached `round`. The last one completes the round.
  /// What a worker wrote before it arrived is visible to every worker that finds the round
  /// complete: the increments of count_ are acq_rel, so the last worker's increment acquires what
  /// all others wrote, and that worker's store to complete_ releases it.
  void arrive(std::uint32_t workers, std::uint32_t round) noexcept {
    if (count_.fetch_add(1, std::memory_order_acq_rel) + 1 == workers) {
      // Relaxed is enough: no worker arrives again before it has found this round complete, and the
      // release of complete_ below orders this store before that.
      count_.store(0, std::memory_order_relaxed);
      complete_.store(round);
    }
  }
  bool complete(std::uint32_t round) const noexcept {
    return static_cast<std::int32_t>(complete_.load() - round) >= 0;
  }
  WaitWord& word() noexcept { return complete_; }

 private:
  // On two cache lines: workers that arrive write the first, workers that wait read the second.
  alignas(64) std::atomic<std::uint32_t> count_{0};
  alignas(64) WaitWord complete_;
};

}  // namespace dga
