// SPDX-License-Identifier: Apache-2.0
//
// Numbers from text. A decimal becomes the nearest float, ties to even: what std::from_chars<float>
// gives. Locales play no part.

#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dga {

enum class NumberError { none, empty, not_a_number, not_finite, too_large, not_integral };

/// The whole of `text`, without spaces; a leading '+' is fine. A decimal too small for a float is
/// 0.
NumberError parse_float(std::string_view text, float& out) noexcept;

/// The whole of `text` as an integer; "3.0" and "3e2" are integers too.
NumberError parse_integer(std::string_view text, std::int64_t& out) noexcept;

namespace detail {

inline constexpr std::array<double, 23> kPowersOfTen = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

inline bool is_digit(char c) noexcept {
  return static_cast<unsigned char>(c - '0') <= 9;
}

/// Appends the digits at `p` to `mantissa` (modulo 2^64) and returns where they end.
inline const char* take_digits(const char* p, std::uint64_t& mantissa) noexcept {
  while (is_digit(*p)) {
    mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p - '0');
    ++p;
  }
  return p;
}

}  // namespace detail

/// The number that starts at `p`, if it is of the common kind; returns where it ends, or null for a
/// field that parse_float must look at. The text must end in a byte that is not part of a number.
///
/// Why the result is the nearest float: let x be the decimal, d the double computed here. The
/// mantissa has at most 19 digits, so it is exact in 64 bits; turning it into a double and one
/// multiplication or division by an exact power of ten (10^22 is the last) round once each, so
/// |d - x| is below 3 units in d's last place. Rounding to float changes sides only at the midpoint
/// of two floats, which has bit 28 set and bits 0-27 clear in a double. If d is further than
/// 3 units from that pattern, d and x lie on the same side of every midpoint and round to the same
/// float. Otherwise (once in 80 million) it is left to parse_float. Subnormal floats cannot occur:
/// the smallest value but 0 is 1e-22.
inline const char* parse_common_float(const char* p, float& out) noexcept {
  const bool negative = *p == '-';
  p += negative ? 1 : 0;
  std::uint64_t mantissa = 0;
  const char* const whole = p;
  p = detail::take_digits(p, mantissa);
  std::ptrdiff_t digits = p - whole;
  std::ptrdiff_t exponent = 0;
  if (*p == '.') {
    const char* const fraction = ++p;
    p = detail::take_digits(p, mantissa);
    exponent = fraction - p;
    digits -= exponent;
  }
  if (digits == 0 || digits > 19) {
    return nullptr;
  }
  if ((*p | 0x20) == 'e') {
    ++p;
    const bool small = *p == '-';
    p += (small || *p == '+') ? 1 : 0;
    std::uint64_t power = 0;
    const char* const start = p;
    p = detail::take_digits(p, power);
    if (p == start || p - start > 3) {
      return nullptr;
    }
    exponent += small ? -static_cast<std::ptrdiff_t>(power) : static_cast<std::ptrdiff_t>(power);
  }
  auto value = static_cast<double>(mantissa);
  if (exponent < 0) {
    if (exponent < -22) {
      return nullptr;
    }
    value /= detail::kPowersOfTen[static_cast<std::size_t>(-exponent)];
  } else if (exponent > 0) {
    if (exponent > 18) {  // 1e19 * 1e18 is within a float
      return nullptr;
    }
    value *= detail::kPowersOfTen[static_cast<std::size_t>(exponent)];
  }
  constexpr std::uint64_t kBelowFloat = (std::uint64_t{1} << 29) - 1;
  constexpr std::uint64_t kMidpoint = std::uint64_t{1} << 28;
  if ((std::bit_cast<std::uint64_t>(value) & kBelowFloat) - (kMidpoint - 3) <= 6) {
    return nullptr;
  }
  out = static_cast<float>(negative ? -value : value);
  return p;
}

/// The integer of at most 18 digits that starts at `p`; returns where it ends, or null.
inline const char* parse_common_integer(const char* p, std::int64_t& out) noexcept {
  const bool negative = *p == '-';
  p += negative ? 1 : 0;
  std::uint64_t magnitude = 0;
  const char* const start = p;
  p = detail::take_digits(p, magnitude);
  if (p == start || p - start > 18) {
    return nullptr;
  }
  out = negative ? -static_cast<std::int64_t>(magnitude) : static_cast<std::int64_t>(magnitude);
  return p;
}

}  // namespace dga
