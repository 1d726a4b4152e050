// SPDX-License-Identifier: Apache-2.0
//
// Parquet: one sample per row of a table, read with Arrow's library. The rules for columns are
// those of CSV; docs/data.md has them.

#pragma once

#include <span>
#include <string_view>

#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

/// Whether a file has the magic number of Parquet at its beginning, and also at its end or no text.
/// `head`: its first 4096 bytes, or all of them.
bool is_parquet(const ByteSource& file, std::string_view head);

/// Reads the rows of all `files`, one file after another. Which columns are used for what is as for
/// read_csv. Row groups, or parts of their columns, are read in parallel, and neither result nor
/// error depends on the number of threads.
///
/// Throws DataError, which names the file: for a file that is cut off, damaged or encrypted, has no
/// rows, or is packed with a codec that Arrow lacks; for a column that is used but holds neither
/// numbers nor texts; and as read_csv does. Without Arrow, for every file.
Samples read_parquet(std::span<const SourcePtr> files, const ReadOptions& options);

}  // namespace dga
