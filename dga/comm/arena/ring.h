// SPDX-License-Identifier: Apache-2.0
//
// Ring: a bounded stream of bytes in shared memory, from one worker to another.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dga/comm/arena/wait_word.h"

namespace dga {

/// One producer and one consumer, each one thread. Lies in zeroed shared memory, followed by its
/// `capacity` bytes. All calls for one ring must pass the same capacity.
class Ring {
 public:
  /// Memory for a ring of `capacity` bytes, including the Ring itself.
  static std::int64_t footprint(std::int64_t capacity) noexcept {
    return static_cast<std::int64_t>(sizeof(Ring)) + capacity;
  }

  /// Appends as many of the `bytes` at `data` as fit, and returns their number. Producer only.
  std::int64_t write(const void* data, std::int64_t bytes, std::int64_t capacity) noexcept;
  /// Removes up to `bytes` bytes and copies them to `data`. Returns their number. Consumer only.
  std::int64_t read(void* data, std::int64_t bytes, std::int64_t capacity) noexcept;

  std::int64_t readable() const noexcept {
    return static_cast<std::int64_t>(written_.load(std::memory_order_acquire) -
                                     taken_.load(std::memory_order_acquire));
  }

  /// Changes whenever bytes are written. The consumer sleeps on it.
  WaitWord& filled() noexcept { return filled_; }
  /// Changes whenever bytes are read. The producer sleeps on it.
  WaitWord& drained() noexcept { return drained_; }

 private:
  std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }

  // Total number of bytes written and read. Each counter has one writer, which may load it relaxed.
  // The producer's release of written_ makes the bytes visible to the consumer, which acquires it.
  // The consumer's release of taken_ orders its reads of the bytes before the producer, which
  // acquires it, overwrites them. The counters lie on lines of their own because each side writes
  // one of them.
  alignas(64) std::atomic<std::uint64_t> written_{0};
  WaitWord filled_;
  alignas(64) std::atomic<std::uint64_t> taken_{0};
  WaitWord drained_;
};

}  // namespace dga
