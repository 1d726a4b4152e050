// SPDX-License-Identifier: Apache-2.0
//
// Patience: what a waiting worker does before it sleeps in the kernel.

#pragma once

#include <cstdint>

namespace dga {

enum class Patience : std::uint8_t {
  yield,  ///< yields the core a few times first: where workers share cores, the wait is usually
          ///< over by then, at a lower cost than a sleep and a wake-up
  spin,   ///< spins for a short time first, because each worker has a core of its own
};

/// The patience of `workers` workers that share `cores` cores.
inline Patience patience_for(int workers, int cores) noexcept {
  return workers <= cores ? Patience::spin : Patience::yield;
}

}  // namespace dga
