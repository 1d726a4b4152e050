// SPDX-License-Identifier: Apache-2.0
//
// MergedNumbers: finds different numbers of a column that became equal when they were read as f64.

#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "dga/data/wide_columns.h"

namespace dga {

class MergedNumbers {
 public:
  /// Whether a decimal is so long that f64 may not hold it.
  static bool may_merge(std::string_view text) noexcept;
  /// Adds a number of the file, `text` with the decimal point `mark`, which was read as `value`.
  void add(std::string_view text, char mark, double value);
  void add(std::int64_t number);
  void add(std::uint64_t number);
  /// Adds a number that is told from others read as `value` by `identity` alone.
  void add(double value, std::uint64_t identity) { inexact_.emplace_back(value, identity); }
  void add(const MergedNumbers& other);

  /// Whether there are any. `values`: all that was read, also of the numbers that were added. NaN
  /// is ignored.
  bool any(const std::vector<double>& values);

 private:
  // Numbers that f64 does not hold: what they were read as, and what tells them apart. Most columns
  // have none, so memory grows with the numbers that may have merged.
  std::vector<std::pair<double, std::uint64_t>> inexact_;
};

/// Sets `merged` of all columns, whose values are there. `parts`: the numbers of some samples each,
/// by column.
void mark_merged(std::vector<WideColumn>& columns,
                 const std::vector<std::vector<MergedNumbers>>& parts);

}  // namespace dga
