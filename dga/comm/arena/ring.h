// SPDX-License-Identifier: Apache-2.0
//
// Ring: a bounded stream of bytes from one worker to another through shared memory.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dga/comm/arena/wait_word.h"

namespace dga {

/// Single producer, single consumer; lies in zeroed shared memory, followed by its bytes.
class Ring {
 public:
  /// Memory that a ring of `capacity` bytes takes, itself included.
  static std::int64_t footprint(std::int64_t capacity) noexcept {
    return static_cast<std::int64_t>(sizeof(Ring)) + capacity;
  }

  /// Appends as much of [data, data + bytes) as fits; answers how many bytes. Producer only.
  std::int64_t write(const void* data, std::int64_t bytes, std::int64_t capacity) noexcept;
  /// Takes up to `bytes` bytes; answers how many. Consumer only.
  std::int64_t read(void* data, std::int64_t bytes, std::int64_t capacity) noexcept;

  std::int64_t readable() const noexcept {
    return static_cast<std::int64_t>(written_.load(std::memory_order_acquire) -
                                     taken_.load(std::memory_order_acquire));
  }

  /// Changes whenever bytes were written; the consumer sleeps on it.
  WaitWord& filled() noexcept { return filled_; }
  /// Changes whenever bytes were taken; the producer sleeps on it.
  WaitWord& drained() noexcept { return drained_; }

 private:
  std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }

  // Bytes ever written and taken. Each has one writer; its release makes the copied bytes (or the
  // freed space) visible to the acquire of the other side.
  alignas(64) std::atomic<std::uint64_t> written_{0};
  WaitWord filled_;
  alignas(64) std::atomic<std::uint64_t> taken_{0};
  WaitWord drained_;
};

}  // namespace dga
