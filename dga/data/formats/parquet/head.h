// SPDX-License-Identifier: Apache-2.0
//
// The head of a Parquet file: what read_table needs to know of its columns.

#pragma once

#include "dga/data/formats/parquet/file.h"
#include "dga/data/formats/table/head.h"

namespace dga {

/// Names, and what the first hundred rows tell: which columns have texts, and which no values.
/// `decimal`: the decimal point in texts.
TableHead parquet_head(const ParquetFile& file, char decimal);

}  // namespace dga
