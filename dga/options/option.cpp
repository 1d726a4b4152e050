// SPDX-License-Identifier: Apache-2.0

#include "dga/options/option.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "dga/base/error.h"
#include "dga/data/source.h"
#include "dga/options/interval.h"

namespace dga {
namespace {

constexpr std::size_t kMostSizes = 64;

/// Shortest text that reads back as the same number, without an exponent where none is needed.
std::string number_text(double value) {
  if (std::abs(value) < 1e16 && value == std::trunc(value)) {
    return std::to_string(static_cast<std::int64_t>(value));
  }
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) {
    return std::nullopt;
  }
  return value;
}

std::optional<OptionValue> parse_sizes(std::string_view text) {
  std::vector<std::int64_t> sizes;
  while (true) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const auto size = parse_number<std::int64_t>(text.substr(0, comma));
    if (!size) {
      return std::nullopt;
    }
    sizes.push_back(*size);
    if (comma == text.size()) {
      return sizes;
    }
    text.remove_prefix(comma + 1);
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  }
  return text;
}

template <typename T>
bool is_within(const Option& option, T value) {
  const auto least = static_cast<T>(option.least);
  const auto most = static_cast<T>(option.most);
  return (option.above_least ? value > least : value >= least) &&
         (option.below_most ? value < most : value <= most);
}

std::string bounds_text(const Option& option) {
  return str(option.above_least ? "above " : "from ", number_text(option.least),
             option.below_most ? " to below " : " to ", number_text(option.most));
}

}  // namespace

bool Option::is_path() const {
  return placeholder == "PATH" || placeholder == "DIR" || placeholder == "FILE";
}

std::string Option::expectation() const {
  std::string text;
  switch (kind) {
    case Kind::flag:
      return "true or false";
    case Kind::text:
      return "a text";
    case Kind::choice:
      return joined(choices);
    case Kind::integer:
      text = "an integer " + bounds_text(*this);
      break;
    case Kind::number:
      text = "a number " + bounds_text(*this);
      break;
    case Kind::interval:
      text = "a number of epochs, or such as 200steps or 30s";
      break;
    case Kind::sizes:
      text = str("up to ", kMostSizes, " integers ", bounds_text(*this), " separated by commas");
      break;
  }
  return zero_word.empty() ? text : str(text, ", or ", zero_word);
}

bool Option::accepts(const OptionValue& value) const {
  switch (kind) {
    case Kind::flag:
      return std::holds_alternative<bool>(value);
    case Kind::text:
      return std::holds_alternative<std::string>(value);
    case Kind::choice: {
      const auto* word = std::get_if<std::string>(&value);
      return word != nullptr && std::find(choices.begin(), choices.end(), *word) != choices.end();
    }
    case Kind::interval: {
      const auto* text = std::get_if<std::string>(&value);
      return text != nullptr && !text->empty() && interval_from(*text);
    }
    case Kind::integer: {
      const auto* number = std::get_if<std::int64_t>(&value);
      // As an integer: beyond 2^53 a double would be rounded, to the bound perhaps.
      return number != nullptr && is_within(*this, *number);
    }
    case Kind::number: {
      const auto* number = std::get_if<double>(&value);
      return number != nullptr && std::isfinite(*number) && is_within(*this, *number);
    }
    case Kind::sizes:
      break;
  }
  const auto* sizes = std::get_if<std::vector<std::int64_t>>(&value);
  return sizes != nullptr && !sizes->empty() && sizes->size() <= kMostSizes &&
         std::all_of(sizes->begin(), sizes->end(),
                     [&](std::int64_t size) { return is_within(*this, size); });
}

std::optional<OptionValue> Option::zero() const {
  if (zero_word.empty()) {
    return std::nullopt;
  }
  if (kind == Kind::integer) {
    return std::int64_t{0};
  }
  if (kind == Kind::number) {
    return 0.0;
  }
  if (kind == Kind::interval) {
    return std::string();
  }
  return std::vector<std::int64_t>{};
}

std::optional<OptionValue> Option::parse(std::string_view text) const {
  if (!zero_word.empty() && text == zero_word) {
    return zero();
  }
  const std::optional<OptionValue> value = parse_plain(text);
  return value && accepts(*value) ? value : std::nullopt;
}

std::optional<OptionValue> Option::parse_plain(std::string_view text) const {
  switch (kind) {
    case Kind::flag:
      return text == "true"    ? std::optional<OptionValue>(true)
             : text == "false" ? std::optional<OptionValue>(false)
                               : std::nullopt;
    case Kind::text:
    case Kind::choice:
    case Kind::interval:
      return std::string(text);
    case Kind::integer:
      return parse_number<std::int64_t>(text);
    case Kind::number:
      return parse_number<double>(text);
    case Kind::sizes:
      break;
  }
  return parse_sizes(text);
}

std::string Option::text_of(const OptionValue& value) const {
  if (value == zero()) {
    return zero_word;
  }
  if (const auto* flag = std::get_if<bool>(&value)) {
    return *flag ? "true" : "false";
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return *text;
  }
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return std::to_string(*integer);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return number_text(*number);
  }
  std::string text;
  for (const std::int64_t size : std::get<std::vector<std::int64_t>>(value)) {
    text += str(text.empty() ? "" : ",", size);
  }
  return text;
}

void Option::set(RunOptions& options, std::string_view text, const std::string& place) const {
  const std::optional<OptionValue> value = parse(text);
  if (!value) {
    reject(place, str("\"", printable(text), "\""));
  }
  put(options, *value);
}

void Option::reject(const std::string& place, const std::string& found) const {
  throw InvalidArgument(
      str(place, ": expected ", expectation(), ", found ", found, ". Correct the value."));
}

}  // namespace dga
