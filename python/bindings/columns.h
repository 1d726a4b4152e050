// SPDX-License-Identifier: Apache-2.0
//
// Columns as Python sees them: a list of (name, use, categories).

#pragma once

#include <string>
#include <tuple>
#include <vector>

#include "dga/storage/columns.h"

namespace dga::python {

using ColumnEntry = std::tuple<std::string, ColumnUse, std::vector<std::string>>;

/// `missing` must be a word of kMissingNames.
inline Columns columns_of(const std::vector<ColumnEntry>& entries, const std::string& missing) {
  Columns columns{.missing = value_in(kMissingNames, missing).value()};
  for (const auto& [name, use, categories] : entries) {
    columns.all.push_back({.name = name, .use = use, .categories = categories});
  }
  return columns;
}

inline std::vector<ColumnEntry> entries_of(const Columns& columns) {
  std::vector<ColumnEntry> entries;
  for (const Column& column : columns.all) {
    entries.emplace_back(column.name, column.use, column.categories);
  }
  return entries;
}

}  // namespace dga::python
