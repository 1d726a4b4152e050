// SPDX-License-Identifier: Apache-2.0
//
// widen: the elements of every DType as numbers that the language can compute with.

#pragma once

#include <bit>
#include <cstdint>

#include "dga/base/dtype.h"

namespace dga {

/// The same number.
inline float widen(Half value) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(value.bits & 0x8000u) << 16;
  const std::uint32_t magnitude = value.bits & 0x7fffu;
  if (magnitude >= 0x7c00u) {  // infinity, or a NaN, which keeps its payload
    return std::bit_cast<float>(sign | 0x7f800000u | ((magnitude & 0x3ffu) << 13));
  }
  // Shifted into the fields of a float, the exponent is too small by 112. One exact multiplication
  // corrects that for normal and subnormal values.
  const float scaled = std::bit_cast<float>(magnitude << 13) * 0x1.0p112F;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(scaled));
}

inline float widen(BFloat16 value) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

/// Other types are their own.
template <typename T>
constexpr T widen(T value) noexcept {
  return value;
}

}  // namespace dga
