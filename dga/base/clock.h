// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>

namespace dga {

/// Seconds on a monotonic clock. Only differences between two readings have a meaning.
inline double now_seconds() noexcept {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace dga
