// SPDX-License-Identifier: Apache-2.0

#include "dga/report/readable.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace dga {
namespace {

/// `value` with `after` digits after the decimal point.
std::string text_of(double value, std::chars_format format, int after) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, format, after);
  return {text.data(), end.ptr};
}

std::string_view without_zeros(std::string_view digits) {
  if (digits.find('.') == std::string_view::npos) {
    return digits;
  }
  digits = digits.substr(0, digits.find_last_not_of('0') + 1);
  return digits.ends_with('.') ? digits.substr(0, digits.size() - 1) : digits;
}

}  // namespace

std::string readable(double value, int digits) {
  if (!std::isfinite(value)) {
    return "–";
  }
  const double size = std::fabs(value);
  if (size == 0) {
    return "0";
  }
  if (size >= 1e-4 && size < 1e15) {
    const int before = static_cast<int>(std::floor(std::log10(size))) + 1;
    return std::string(
        without_zeros(text_of(value, std::chars_format::fixed, std::max(0, digits - before))));
  }
  const std::string text = text_of(value, std::chars_format::scientific, digits - 1);
  const std::size_t e = text.find('e');
  const std::size_t first = text.find_first_not_of('0', e + 2);  // e-06
  return std::string(without_zeros(std::string_view(text).substr(0, e))) +
         (text[e + 1] == '-' ? "e-" : "e") + text.substr(first);
}

}  // namespace dga
