// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace dga {

/// What a worker that moves much memory tells those who wait for it: that it gets on. Each thread
/// has the counter of the worker that it runs, or none.
class Pulse {
 public:
  /// Lets this thread beat on `counter`, which others may read, until the scope ends.
  explicit Pulse(std::atomic<std::uint64_t>* counter) noexcept
      : before_(std::exchange(beaten, counter)) {}
  ~Pulse() { beaten = before_; }
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

  // Relaxed: readers only look for a change, and read nothing that it would order.
  static void beat() noexcept {
    if (beaten != nullptr) {
      beaten->fetch_add(1, std::memory_order_relaxed);
    }
  }

 private:
  static inline thread_local std::atomic<std::uint64_t>* beaten = nullptr;

  std::atomic<std::uint64_t>* before_;
};

}  // namespace dga
