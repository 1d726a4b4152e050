// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <bit>
#include <cstdint>

namespace dga {

/// A digest of the numbers that led to `digest` and of `value`. Its low bits are as good as its
/// high ones. Finds differences between workers, not forgery.
constexpr std::uint64_t combined_digest(std::uint64_t digest, double value) noexcept {
  // Multiplication by a number that is odd carries each bit to those above it; the shift brings the
  // high ones down.
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15ULL;
  digest = (digest ^ std::bit_cast<std::uint64_t>(value)) * kOdd;
  return digest ^ (digest >> 32U);
}

}  // namespace dga
