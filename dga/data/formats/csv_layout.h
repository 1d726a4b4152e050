// SPDX-License-Identifier: Apache-2.0
//
// CsvLayout: what the first lines of a CSV file say about the rest.

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
  std::int64_t label = 0;          // column of the label; -1: there is none
  std::vector<std::string> names;  // of the columns; empty without a header
  std::int64_t first_line = 1;     // line number of the first sample
  std::int64_t begin = 0;          // bytes [begin, end) hold the samples, one a line; the last
  std::int64_t end = 0;            // line's own end is left out
};

/// Finds separator, header and label column from the first two lines. Throws DataError for a file
/// without samples, a separator that is not clear, or a label column that is not there. `features`:
/// as in ReadOptions.
CsvLayout detect_csv_layout(const ByteSource& source, const std::string& label,
                            std::int64_t features = 0);

/// Fields of a line, spaces around them cut off.
std::vector<std::string_view> csv_fields(std::string_view line, char separator);

/// A longer line is an error: no sample needs it, and it bounds the memory that junk can take.
inline constexpr std::int64_t kLongestCsvLine = std::int64_t{64} << 20;

}  // namespace dga
