// SPDX-License-Identifier: Apache-2.0
//
// CsvLayout: the separator, columns and range of the samples of a CSV file, from its first lines.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dga/data/source.h"

namespace dga {

struct CsvLayout {
  char separator = ',';
  std::int64_t columns = 0;
  std::int64_t label = 0;          // label column; -1: there is none
  std::vector<std::string> names;  // names of the columns; empty without a header
  std::int64_t first_line = 1;     // line number of the first sample
  std::int64_t begin = 0;          // bytes [begin, end) contain the samples, one per line, without
  std::int64_t end = 0;            // the end of the last line
};

/// Detects separator, header and label column from the first two lines. `features` is that of
/// ReadOptions. Throws DataError for a file without samples, an ambiguous separator, a missing
/// label column, or a number of columns that does not match `features`.
CsvLayout detect_csv_layout(const ByteSource& source, const std::string& label,
                            std::int64_t features = 0);

/// The fields of a line, without spaces and tabs around them.
std::vector<std::string_view> csv_fields(std::string_view line, char separator);

/// A longer line is an error. The limit bounds the memory that a file which is not CSV can take.
inline constexpr std::int64_t kLongestCsvLine = std::int64_t{64} << 20;

}  // namespace dga
