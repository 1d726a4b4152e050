// SPDX-License-Identifier: Apache-2.0
//
// The head of a Parquet file: what read_table needs to know of its columns.

#pragma once

#include "dga/data/formats/csv/head.h"
#include "dga/data/formats/parquet/file.h"

namespace dga {

/// Names, and what the first hundred rows tell: which columns have texts, and which no values.
/// `decimal`: the decimal point in texts.
CsvHead parquet_head(const ParquetFile& file, char decimal);

}  // namespace dga
