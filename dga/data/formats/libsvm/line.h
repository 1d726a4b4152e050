// SPDX-License-Identifier: Apache-2.0
//
// LibsvmLine: parses the lines of LIBSVM one after another.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dga/data/merged_numbers.h"
#include "dga/data/samples.h"

namespace dga {

/// Thrown for a line that cannot be read: "expected …, found …. What to do."
struct LibsvmFault {
  std::string text;
};

class LibsvmLine {
 public:
  /// `labelled`: whether samples have labels. All of them must, or none.
  LibsvmLine(Task task, bool labelled) : task_(task), labelled_(labelled) {}

  /// Reads a line. False if it holds no sample. Throws LibsvmFault.
  bool parse(std::string_view line);

  /// Whether a line has a label; nothing if it holds no sample.
  static std::optional<bool> has_label(std::string_view line);

  // --- of the sample that `parse` has read
  std::int64_t label() const noexcept { return label_; }  // of a classification
  double target() const noexcept { return target_; }      // of a regression
  /// As in the file, ascending.
  const std::vector<std::int64_t>& indices() const noexcept { return indices_; }
  /// By index.
  const std::vector<double>& values() const noexcept { return values_; }
  /// Adds the numbers that f64 may have merged with others: to those of their index, and the target
  /// to those of -1.
  void add_merged(std::map<std::int64_t, MergedNumbers>& numbers) const;

 private:
  void read_label(std::string_view word);
  void read_value(std::string_view word);
  void keep_long(std::ptrdiff_t at, std::string_view number);

  Task task_;
  bool labelled_;
  std::int64_t label_ = 0;
  double target_ = 0;
  std::vector<std::int64_t> indices_;
  std::vector<double> values_;
  /// Numbers of many digits, as they are written: the place among the values, or -1 of the target.
  std::vector<std::pair<std::ptrdiff_t, std::string>> long_numbers_;
};

}  // namespace dga
