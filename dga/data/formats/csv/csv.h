// SPDX-License-Identifier: Apache-2.0
//
// CSV: one sample per record, as RFC 4180 and what spreadsheets and pandas write; docs/data.md has
// the rules.
//
// Files are read in parallel. The text is cut into pieces of whole records. A first pass counts the
// records of each piece, which gives each piece's first row. A second pass parses the pieces
// directly into the final array. Besides that array each thread needs only a small buffer. The
// result does not depend on the number of threads.

#pragma once

#include <span>

#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

/// Reads the samples of all `files`, one file after another. Each file may have a header. The first
/// file decides what the columns are used for, unless options.columns does; the others are matched
/// with it, by name where both have names.
///
/// options.label selects the label column by its name in the header or by its number, counted from
/// 0, or from the end if negative (-1 is the last column). Throws DataError, which names file:line,
/// for a record with another number of fields, a field that is not what its column holds, and
/// columns that do not match.
Samples read_csv(std::span<const SourcePtr> files, const ReadOptions& options);

}  // namespace dga
