// SPDX-License-Identifier: Apache-2.0
//
// Numbers from text. A decimal is converted to the nearest float, ties to even, like
// std::from_chars<float>. Independent of the locale.

#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dga {

enum class NumberError { none, empty, not_a_number, not_finite, too_large, not_integral };

/// Parses all of `text`, which must not contain spaces. A leading '+' is accepted. A decimal too
/// small for a float becomes 0.
NumberError parse_float(std::string_view text, float& out) noexcept;
/// The same for the nearest double.
NumberError parse_double(std::string_view text, double& out) noexcept;

/// Parses all of `text` as an integer. "3.0" and "3e2" are integers too.
NumberError parse_integer(std::string_view text, std::int64_t& out) noexcept;

/// Whether an integer has leading zeros, as 007 has.
bool has_leading_zeros(std::string_view integer) noexcept;

namespace detail {

inline constexpr std::array<double, 23> kPowersOfTen = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

inline bool is_digit(char c) noexcept {
  return static_cast<unsigned char>(c - '0') <= 9;
}

/// Appends the digits at `p` to `mantissa` (modulo 2^64) and returns the end of the digits.
inline const char* take_digits(const char* p, std::uint64_t& mantissa) noexcept {
  while (is_digit(*p)) {
    mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p - '0');
    ++p;
  }
  return p;
}

}  // namespace detail

/// Parses the number at `p` if it has a common notation. Returns its end, or null if parse_float
/// must parse the field. The text must end in a byte that is not part of a number.
///
/// Why the result is the nearest float: let x be the decimal and d the double computed here. The
/// mantissa has at most 19 digits, so it is exact in 64 bits. Converting it to double rounds once,
/// and so does the multiplication or division by a power of ten, which is exact up to 10^22. Hence
/// |d - x| is below 3 units in the last place of d. The float nearest to a number changes only at
/// the midpoint of two floats, whose double has bit 28 set and bits 0-27 clear. If d is more than 3
/// units away from that pattern, d and x lie on the same side of every midpoint and have the same
/// nearest float. Otherwise (about once in 80 million) parse_float decides. The result is never a
/// subnormal float: the smallest positive value is 1e-22.
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
    if (exponent > 18) {  // 1e19 * 1e18 is within the range of float
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

/// Parses the integer of at most 18 digits at `p`. Returns its end, or null.
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
