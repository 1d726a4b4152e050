// SPDX-License-Identifier: Apache-2.0
//
// Sleeping on a 32-bit word that other processes may wake. std::atomic::wait will not do: its
// futexes are private to one process.

#pragma once

#include <atomic>
#include <cstdint>

namespace dga {

/// Sleeps while `word` holds `expected`, for `seconds` at most. Returns early at will: look again.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                double seconds) noexcept;

/// Wakes everybody who sleeps on `word`.
void futex_wake_all(const std::atomic<std::uint32_t>& word) noexcept;

/// Tells the processor that this is a spinning loop.
inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace dga
