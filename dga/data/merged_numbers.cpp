// SPDX-License-Identifier: Apache-2.0

#include "dga/data/merged_numbers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <functional>
#include <string>

namespace dga {
namespace {

// Decimals of so many digits are all different in f64.
constexpr std::size_t kKeptDigits = 15;
// More are not compared: two numbers that differ only beyond them count as equal.
constexpr std::size_t kMostDigits = 400;

/// A decimal as 0.DIGITS * 10^exponent, without zeros at either end of the digits.
struct SignificantDigits {
  std::string digits = {};
  std::int64_t exponent = 0;

  bool operator==(const SignificantDigits&) const = default;
};

SignificantDigits decimal_of(std::string_view text, char mark) {
  SignificantDigits decimal;
  bool fraction = false;
  std::size_t i = 0;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    const char c = text[i];
    fraction = fraction || c == mark;
    if (c < '0' || c > '9') {
      continue;  // a sign, the point, or a space
    }
    if (c == '0' && decimal.digits.empty()) {
      decimal.exponent -= fraction ? 1 : 0;
      continue;
    }
    decimal.exponent += fraction ? 0 : 1;
    decimal.digits += c;
  }
  std::int64_t power = 0;
  const char* begin = text.data() + std::min(i + 1, text.size());
  begin += begin != text.data() + text.size() && *begin == '+' ? 1 : 0;
  std::from_chars(begin, text.data() + text.size(), power);
  decimal.exponent += power;
  decimal.digits.erase(decimal.digits.find_last_not_of('0') + 1);
  return decimal;
}

/// Whether printing `value` with as many digits gives the decimal again.
bool keeps(double value, const SignificantDigits& decimal) {
  std::array<char, kMostDigits + 16> printed{};
  const auto end =
      std::to_chars(printed.data(), printed.data() + printed.size(), std::fabs(value),
                    std::chars_format::scientific, static_cast<int>(decimal.digits.size()) - 1)
          .ptr;
  return decimal_of({printed.data(), end}, '.') == decimal;
}

}  // namespace

bool MergedNumbers::may_merge(std::string_view text) noexcept {
  return text.size() > kKeptDigits;
}

void MergedNumbers::add(std::string_view text, char mark, double value) {
  if (!may_merge(text)) {
    return;
  }
  SignificantDigits decimal = decimal_of(text, mark);
  decimal.digits.resize(std::min(decimal.digits.size(), kMostDigits));
  if (decimal.digits.size() > kKeptDigits && !keeps(value, decimal)) {
    add(value, std::hash<std::string>()(decimal.digits));  // the exponent follows from the value
  }
}

void MergedNumbers::add(std::int64_t number) {
  const auto value = static_cast<double>(number);
  // 2^63 is no int64, so it differs from all.
  if (value >= 0x1.0p63 || static_cast<std::int64_t>(value) != number) {
    add(value, static_cast<std::uint64_t>(number));
  }
}

void MergedNumbers::add(std::uint64_t number) {
  const auto value = static_cast<double>(number);
  if (value >= 0x1.0p64 || static_cast<std::uint64_t>(value) != number) {
    add(value, number);
  }
}

void MergedNumbers::add(const MergedNumbers& other) {
  inexact_.insert(inexact_.end(), other.inexact_.begin(), other.inexact_.end());
}

bool MergedNumbers::any(const std::vector<double>& values) {
  if (inexact_.empty()) {
    return false;
  }
  std::sort(inexact_.begin(), inexact_.end());
  const auto merged = std::adjacent_find(
      inexact_.begin(), inexact_.end(),
      [](const auto& x, const auto& y) { return x.first == y.first && x.second != y.second; });
  if (merged != inexact_.end()) {
    return true;
  }
  // Others that were read as the same value are numbers that f64 holds.
  const auto of_same_value = std::count_if(values.begin(), values.end(), [&](double value) {
    const auto found =
        std::lower_bound(inexact_.begin(), inexact_.end(), value,
                         [](const auto& number, double wanted) { return number.first < wanted; });
    return found != inexact_.end() && found->first == value;
  });
  return of_same_value > static_cast<std::ptrdiff_t>(inexact_.size());
}

void mark_merged(std::vector<WideColumn>& columns,
                 const std::vector<std::vector<MergedNumbers>>& parts) {
  for (std::size_t c = 0; c < columns.size(); ++c) {
    MergedNumbers all;
    for (const std::vector<MergedNumbers>& part : parts) {
      all.add(part[c]);
    }
    columns[c].merged = all.any(columns[c].values);
  }
}

}  // namespace dga
