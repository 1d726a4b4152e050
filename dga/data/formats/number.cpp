// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

namespace dga {
namespace {

/// Whether a decimal that is out of range is too small rather than too large. The power of ten of
/// its first nonzero digit decides.
bool is_tiny(std::string_view text) {
  const std::size_t e = std::min(text.find_first_of("eE"), text.size());
  const std::string_view digits = text.substr(0, e);
  const auto point = static_cast<std::int64_t>(std::min(digits.find('.'), digits.size()));
  const auto leading = static_cast<std::int64_t>(digits.find_first_of("123456789"));
  std::int64_t power = leading < point ? point - leading - 1 : point - leading;
  if (e < text.size()) {
    std::string_view exponent = text.substr(e + 1);
    if (exponent.starts_with('+')) {
      exponent.remove_prefix(1);
    }
    std::int64_t value = 0;
    const auto parsed = std::from_chars(exponent.data(), exponent.data() + exponent.size(), value);
    if (parsed.ec == std::errc::result_out_of_range) {
      return exponent.starts_with('-');
    }
    if (__builtin_add_overflow(power, value, &power)) {
      return value < 0;
    }
  }
  return power < 0;
}

/// Whether a decimal has no fraction, which f64 may not tell: 0.99999999999999999999 is no integer.
bool is_whole(std::string_view text) {
  const std::size_t e = std::min(text.find_first_of("eE"), text.size());
  std::int64_t exponent = 0;
  if (e < text.size()) {
    const std::size_t begin = e + 1 + (text.substr(e + 1).starts_with('+') ? 1 : 0);
    std::from_chars(text.data() + begin, text.data() + text.size(), exponent);
  }
  const std::string_view digits = text.substr(0, e);
  const auto point = static_cast<std::int64_t>(std::min(digits.find('.'), digits.size()));
  const std::size_t last = digits.find_last_of("123456789");
  if (last == std::string_view::npos) {
    return true;
  }
  const auto at = static_cast<std::int64_t>(last);
  const std::int64_t power = at < point ? point - at - 1 : point - at;  // of ten, of the last digit
  return exponent >= 0 ? power + std::min<std::int64_t>(exponent, 1 << 20) >= 0
                       : power >= -std::max<std::int64_t>(exponent, -(1 << 20));
}

template <typename T>
NumberError parse_decimal(std::string_view text, T& out) {
  if (text.empty()) {
    return NumberError::empty;
  }
  if (text.starts_with('+') && !text.starts_with("+-")) {
    text.remove_prefix(1);
  }
  const char* const end = text.data() + text.size();
  T value{};
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ptr != end || parsed.ec == std::errc::invalid_argument) {
    return NumberError::not_a_number;
  }
  if (parsed.ec == std::errc::result_out_of_range) {
    const bool negative = text.starts_with('-');
    if (!is_tiny(negative ? text.substr(1) : text)) {
      return NumberError::too_large;
    }
    value = negative ? -T{} : T{};
  }
  if (!std::isfinite(value)) {
    return NumberError::not_finite;
  }
  out = value;
  return NumberError::none;
}

}  // namespace

NumberError parse_float(std::string_view text, float& out) noexcept {
  return parse_decimal(text, out);
}

NumberError parse_double(std::string_view text, double& out) noexcept {
  return parse_decimal(text, out);
}

NumberError parse_integer(std::string_view text, std::int64_t& out) noexcept {
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) {
    digits.remove_prefix(1);
  }
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (parsed.ec == std::errc{} && parsed.ptr == digits.data() + digits.size()) {
    return NumberError::none;
  }
  double value = 0.0;
  const NumberError error = parse_decimal(text, value);
  if (error != NumberError::none) {
    return error;
  }
  constexpr double kExact = 0x1.0p53;  // from here on a double may stand for several integers
  if (std::fabs(value) >= kExact) {
    return NumberError::too_large;
  }
  if (value != std::trunc(value) || !is_whole(text)) {
    return NumberError::not_integral;
  }
  out = static_cast<std::int64_t>(value);
  return NumberError::none;
}

bool has_leading_zeros(std::string_view integer) noexcept {
  integer.remove_prefix(integer.starts_with('-') || integer.starts_with('+') ? 1 : 0);
  return integer.size() > 1 && integer.front() == '0' && detail::is_digit(integer[1]);
}

}  // namespace dga
