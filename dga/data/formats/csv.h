// SPDX-License-Identifier: Apache-2.0
//
// CSV: one sample per line, with numbers separated by commas, semicolons or tabs.
//
// Files are read in parallel. The text is cut into pieces. A first pass counts the lines of each
// piece, which gives each piece's first row. A second pass parses the pieces directly into the
// final array. Besides that array each thread needs only a small buffer. The result does not depend
// on the number of threads.

#pragma once

#include <span>
#include <string_view>

#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

/// Whether a file that begins with `head` is taken for CSV: it is not empty and has no control
/// characters except for line ends and tabs.
bool is_csv(std::string_view head);

/// Reads the samples of all `files`, one file after another. Each file may have a header. All files
/// must have the same number of columns, the same label column and, among those with a header, the
/// same names.
///
/// options.label selects the label column by its name in the header or by its number, counted from
/// 0, or from the end if negative (-1 is the last column). If it is empty, the last column is the
/// label. If options.features is set, a file with exactly that many columns has no label. A
/// byte-order mark, CRLF, spaces around fields, trailing empty lines and a missing final newline
/// are accepted. Throws DataError, which names file:line, for a line with another number of fields
/// or a field that is not a number.
Samples read_csv(std::span<const SourcePtr> files, const ReadOptions& options);

}  // namespace dga
