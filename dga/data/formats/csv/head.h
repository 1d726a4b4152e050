// SPDX-License-Identifier: Apache-2.0
//
// CsvHead: the separator, the names and the kinds of the columns of a CSV file, from its first 101
// records. Other tables describe their columns with it as well.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dga/data/formats/csv/record.h"
#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

struct CsvHead {
  char separator = ',';
  std::int64_t columns = 0;
  std::vector<std::string> names = {};  // as the header has them; empty without a header
  std::int64_t first_line = 1;          // line number of the first sample; 0: there are no lines
  std::int64_t begin = 0;               // bytes [begin, end) contain the samples, without the end
  std::int64_t end = 0;                 // of the last line
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
  /// Whether a record is the header once more, as in files that were put together.
  bool repeats_names(std::span<const CsvField> record) const;
};

/// Reads the head of a file that csv_text has returned. `known`: the columns that it should have,
/// or null. Of `options` it takes header, decimal and,
/// for files with a single column, features. Throws DataError for a file without samples, no clear
/// separator, a header that cannot be told from a sample, and text that is not UTF-8 in the header.
CsvHead read_csv_head(const ByteSource& source, const ReadOptions& options, const Columns* known);

/// A longer record is an error. The limit bounds the memory that a file which is not CSV can take.
inline constexpr std::int64_t kLongestCsvRecord = std::int64_t{64} << 20;

/// Throws the error for it.
[[noreturn]] void refuse_long_record(const std::string& file, std::int64_t line);

}  // namespace dga
