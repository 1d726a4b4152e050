// SPDX-License-Identifier: Apache-2.0
//
// read_csv_head: the separator, the names and the kinds of the columns of a CSV file, from its
// first 101 records.

#pragma once

#include <cstdint>
#include <string>

#include "dga/data/formats/table/head.h"
#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

/// Reads the head of a file that csv_text has returned. `known`: the columns that it should have,
/// or null. Of `options` it takes header, decimal and, for files with a single column, features.
/// Throws DataError for a file without samples, no clear separator, a header that cannot be told
/// from a sample, and text that is not UTF-8 in the header.
TableHead read_csv_head(const ByteSource& source, const ReadOptions& options, const Columns* known);

/// A longer record is an error. The limit bounds the memory that a file which is not CSV can take.
inline constexpr std::int64_t kLongestCsvRecord = std::int64_t{64} << 20;

/// Throws the error for it.
[[noreturn]] void refuse_long_record(const std::string& file, std::int64_t line);

}  // namespace dga
