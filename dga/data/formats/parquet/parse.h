// SPDX-License-Identifier: Apache-2.0
//
// Reads the values of Parquet files, for TableParser.

#pragma once

#include <cstdint>
#include <vector>

#include "dga/data/formats/parquet/shares.h"
#include "dga/data/formats/table/reading.h"
#include "dga/data/merged_numbers.h"

namespace dga {

/// See TableParser::parse. The pieces of `reading` are the row groups.
void parse_parquet(TableReading& reading, ParquetReading& parquet, bool text_labels);

/// See TableParser::wide. Of `rows` samples, those are read that come first in their row groups.
std::vector<WideColumn> read_parquet_wide(TableReading& reading, const ParquetReading& parquet,
                                          const std::vector<std::int64_t>& features, bool target,
                                          std::int64_t rows);

}  // namespace dga
