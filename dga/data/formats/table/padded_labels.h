// SPDX-License-Identifier: Apache-2.0
//
// PaddedLabels: integer labels that are written with leading zeros, such as 007. They are the same
// integers as without, so that 007 and 7 would become one class.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace dga {

struct TableReading;

/// How many samples have a label, as it is written.
class PaddedLabels {
 public:
  /// Adds a label that was read as an integer, if it has leading zeros.
  void add(std::string_view label);
  const std::map<std::string, std::int64_t>& counts() const noexcept { return counts_; }

 private:
  std::map<std::string, std::int64_t> counts_ = {};
};

/// What is wrong with the integer labels of a training set that has one integer in several forms:
/// "expected …, found …"; or "".
std::string explain_padded_labels(const TableReading& reading);

}  // namespace dga
