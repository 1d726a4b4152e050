// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/table/value.h"

#include <algorithm>
#include <array>

namespace dga {
namespace {

constexpr std::array<std::string_view, 19> kMissing = {
    "",     "?",    "NA",   "N/A",  "n/a",  "#N/A",     "#NA",     "<NA>",    "NaN",   "nan",
    "-nan", "-NaN", "NULL", "null", "None", "#N/A N/A", "1.#QNAN", "-1.#IND", "1.#IND"};
// No decimal that is worth reading is longer; from_chars would read it.
constexpr std::size_t kLongestNumber = 400;

std::string_view without_spaces(std::string_view text) noexcept {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

/// Calls `parse` with the number as it is written with a decimal point.
template <typename Parse>
NumberError with_point(std::string_view field, char decimal, Parse parse) noexcept {
  field = without_spaces(field);
  if (decimal == '.') {
    return parse(field);
  }
  if (field.size() > kLongestNumber || field.find('.') != std::string_view::npos) {
    return NumberError::not_a_number;
  }
  std::array<char, kLongestNumber> buffer{};
  std::replace_copy(field.begin(), field.end(), buffer.begin(), decimal, '.');
  return parse(std::string_view(buffer.data(), field.size()));
}

}  // namespace

bool is_missing(std::string_view field) noexcept {
  field = without_spaces(field);
  return std::find(kMissing.begin(), kMissing.end(), field) != kMissing.end();
}

bool is_number(std::string_view field, char decimal) noexcept {
  float value = 0.0F;
  const NumberError error = parse_number(field, decimal, value);
  return error != NumberError::not_a_number && error != NumberError::empty;
}

NumberError parse_number(std::string_view field, char decimal, float& out) noexcept {
  return with_point(field, decimal, [&](std::string_view text) { return parse_float(text, out); });
}

NumberError parse_number(std::string_view field, char decimal, double& out) noexcept {
  return with_point(field, decimal, [&](std::string_view text) { return parse_double(text, out); });
}

NumberError parse_number(std::string_view field, char decimal, std::int64_t& out) noexcept {
  return with_point(field, decimal,
                    [&](std::string_view text) { return parse_integer(text, out); });
}

}  // namespace dga
