// SPDX-License-Identifier: Apache-2.0
//
// TableHead: the names and the kinds of the columns of a table, from its first rows.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dga {

struct TableHead {
  std::int64_t columns = 0;
  std::vector<std::string> names = {};  // as the header has them; empty without a header
  std::int64_t first_line = 1;          // line number of the first sample; 0: there are no lines
  /// By column: a text that stands there in place of a number, and the line of its record; "" if
  /// there is none in the first records. Without lines: the number of the sample.
  std::vector<std::string> text = {};
  std::vector<std::int64_t> text_line = {};
  /// By column: whether it is an index as pandas writes it. In CSV, these are first columns without
  /// a name, or named as "Unnamed: 0" when such a file is read and written again, with different
  /// integers in the first records.
  std::vector<bool> index = {};
  /// By column: whether it has no value in the first records.
  std::vector<bool> empty = {};
  std::vector<std::string> notices = {};
  // --- of text
  char separator = ',';
  std::int64_t begin = 0;  // bytes [begin, end) contain the samples, without the end of the last
  std::int64_t end = 0;    // line
  // --- of tables with types
  /// By column: a type of which dga makes neither a number nor a text, such as "a list"; "" if it
  /// has another. Empty: no column has one.
  std::vector<std::string> unreadable = {};
  /// By column: whether it holds booleans: the texts True and False as labels and categories, and 1
  /// and 0 as features. Empty: none does.
  std::vector<bool> booleans = {};

  /// The name of a column for messages: "column 3 (city)", or "column 3" without a header.
  std::string describe(std::int64_t column) const;
  /// The column as --drop takes it: its name, in quotes if it needs any, or its number.
  std::string handle(std::int64_t column) const;
  /// What a message calls a record: a line, or a sample.
  const char* record() const noexcept { return first_line > 0 ? "line" : "sample"; }
  /// Where the names of the columns stand, for messages: "file:1", or the file without lines.
  std::string place(const std::string& file) const;
  /// Where a sample stands: "file:line", or "file: sample N" without lines.
  std::string place(const std::string& file, std::int64_t line) const;
};

}  // namespace dga
