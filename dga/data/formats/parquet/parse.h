// SPDX-License-Identifier: Apache-2.0
//
// Reads the values of Parquet files, as parse_csv and read_csv_wide do those of CSV files.

#pragma once

#include <cstdint>
#include <vector>

#include "dga/data/formats/csv/reading.h"
#include "dga/data/formats/parquet/shares.h"
#include "dga/data/merged_numbers.h"

namespace dga {

/// See parse_csv. The pieces of `reading` are the row groups.
void parse_parquet(CsvReading& reading, ParquetReading& parquet, bool text_labels);

/// See read_csv_wide. Of `rows` samples, those are read that come first in their row groups.
std::vector<WideColumn> read_parquet_wide(CsvReading& reading, const ParquetReading& parquet,
                                          const std::vector<std::int64_t>& features, bool target,
                                          std::int64_t rows);

}  // namespace dga
