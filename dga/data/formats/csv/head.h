// SPDX-License-Identifier: Apache-2.0
//
// CsvHead: the separator, the names and the kinds of the columns of a CSV file, from its first 101
// records.

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
  std::int64_t first_line = 1;          // line number of the first sample
  std::int64_t begin = 0;               // bytes [begin, end) contain the samples, without the end
  std::int64_t end = 0;                 // of the last line
  /// By column: a text that stands there in place of a number, and the line of its record; "" if
  /// there is none in the first records.
  std::vector<std::string> text = {};
  std::vector<std::int64_t> text_line = {};
  /// The number of first columns that are an index as pandas writes it: without a name, or named as
  /// "Unnamed: 0" when such a file is read and written again, and different integers in the first
  /// records.
  std::int64_t index_columns = 0;
  /// By column: whether it has no value in the first records.
  std::vector<bool> empty = {};
  std::vector<std::string> notices = {};

  /// The name of a column for messages: "column 3 (city)", or "column 3" without a header.
  std::string describe(std::int64_t column) const;
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
