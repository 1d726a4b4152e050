// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "dga/base/error.h"

namespace dga {

/// Calls `use`, whose StorageErrors concern the user's data: they become DataErrors, whose texts
/// begin with the path.
template <typename Use>
auto as_data(Use&& use) {
  try {
    return std::forward<Use>(use)();
  } catch (const StorageError& error) {
    constexpr std::string_view kTag = "[storage] ";
    const std::string text = error.what();
    throw DataError(text.starts_with(kTag) ? text.substr(kTag.size()) : text);
  }
}

}  // namespace dga
