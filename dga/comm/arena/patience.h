// SPDX-License-Identifier: Apache-2.0
//
// Patience: whether a waiting worker spins or yields before it sleeps in the kernel.

#pragma once

#include <cstdint>

namespace dga {

enum class Patience : std::uint8_t {
  yield,  ///< yields the core a few times. For workers that share cores: the wait is usually over
          ///< after that, which costs less than a sleep and a wake-up
  spin,   ///< spins for a short time. For workers that have a core each
};

/// The patience for `workers` workers on `cores` cores.
inline Patience patience_for(int workers, int cores) noexcept {
  return workers <= cores ? Patience::spin : Patience::yield;
}

}  // namespace dga
