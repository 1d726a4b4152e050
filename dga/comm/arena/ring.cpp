// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/arena/ring.h"

#include <algorithm>
#include <cstring>

#include "dga/comm/arena/pulse.h"

namespace dga {

std::int64_t Ring::write(const void* data, std::int64_t count, std::int64_t capacity) noexcept {
  const std::uint64_t written = written_.load(std::memory_order_relaxed);
  const auto used = static_cast<std::int64_t>(written - taken_.load(std::memory_order_acquire));
  const std::int64_t n = std::min(count, capacity - used);
  if (n <= 0) {
    return 0;
  }
  const auto at = static_cast<std::int64_t>(written % static_cast<std::uint64_t>(capacity));
  const std::int64_t first = std::min(n, capacity - at);
  std::memcpy(bytes() + at, data, static_cast<std::size_t>(first));
  std::memcpy(bytes(), static_cast<const std::byte*>(data) + first,
              static_cast<std::size_t>(n - first));
  written_.store(written + static_cast<std::uint64_t>(n), std::memory_order_release);
  filled_.increment();
  Pulse::beat();
  return n;
}

std::int64_t Ring::read(void* data, std::int64_t count, std::int64_t capacity) noexcept {
  const std::uint64_t taken = taken_.load(std::memory_order_relaxed);
  const auto filled = static_cast<std::int64_t>(written_.load(std::memory_order_acquire) - taken);
  const std::int64_t n = std::min(count, filled);
  if (n <= 0) {
    return 0;
  }
  const auto at = static_cast<std::int64_t>(taken % static_cast<std::uint64_t>(capacity));
  const std::int64_t first = std::min(n, capacity - at);
  std::memcpy(data, bytes() + at, static_cast<std::size_t>(first));
  std::memcpy(static_cast<std::byte*>(data) + first, bytes(), static_cast<std::size_t>(n - first));
  taken_.store(taken + static_cast<std::uint64_t>(n), std::memory_order_release);
  drained_.increment();
  Pulse::beat();
  return n;
}

}  // namespace dga
