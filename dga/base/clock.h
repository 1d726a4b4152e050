// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>

namespace dga {

/// Seconds on a clock that never goes back; only differences mean anything.
inline double now_seconds() noexcept {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace dga
