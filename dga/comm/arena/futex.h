// SPDX-License-Identifier: Apache-2.0
//
// Sleeping on a 32-bit word that other processes may change. std::atomic::wait does not work here:
// libstdc++ uses futexes that are private to one process.

#pragma once

#include <atomic>
#include <cstdint>

namespace dga {

/// Sleeps while `word` holds `expected`, for at most `seconds`. May return at any time, so the
/// caller must check its condition again.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                double seconds) noexcept;

/// Wakes all threads that sleep on `word`, in all processes.
void futex_wake_all(const std::atomic<std::uint32_t>& word) noexcept;

/// Tells the processor that the thread is in a spin loop.
inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace dga
