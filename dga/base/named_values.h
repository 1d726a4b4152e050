// SPDX-License-Identifier: Apache-2.0
//
// NamedValues: a table of an enumeration's values and the names that options and files use.

#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "dga/base/error.h"

namespace dga {

template <typename Enum, std::size_t N>
using NamedValues = std::array<std::pair<std::string_view, Enum>, N>;

/// The name of `value`, or "?" if the table does not contain it.
template <typename Enum, std::size_t N>
constexpr std::string_view name_in(const NamedValues<Enum, N>& names, Enum value) noexcept {
  for (const auto& [name, known] : names) {
    if (known == value) {
      return name;
    }
  }
  return "?";
}

/// The value that has this name, or nullopt if the table has none.
template <typename Enum, std::size_t N>
constexpr std::optional<Enum> value_in(const NamedValues<Enum, N>& names,
                                       std::string_view name) noexcept {
  for (const auto& [known, value] : names) {
    if (known == name) {
      return value;
    }
  }
  return std::nullopt;
}

/// The value of this name. Throws InvalidArgument if there is none; `what` names the setting:
/// "[options] engine".
template <typename Enum, std::size_t N>
Enum required_value_in(const NamedValues<Enum, N>& names, std::string_view name,
                       std::string_view what) {
  if (const auto value = value_in(names, name)) {
    return *value;
  }
  std::string all;
  for (std::size_t i = 0; i < N; ++i) {
    all += str(i == 0 ? "" : i + 1 < N ? ", " : " or ", names[i].first);
  }
  throw InvalidArgument(str(what, ": expected ", all, ", found '", name, "'."));
}

}  // namespace dga
