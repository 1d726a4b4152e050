// SPDX-License-Identifier: Apache-2.0
//
// CSV: one sample a line, numbers separated by commas, semicolons or tabs.
//
// Read in parallel: the text is cut into pieces; a first pass counts the lines of each, so that
// each piece knows its first row, and a second parses them straight into the final array. Only a
// small buffer a thread is used beside that array. The result does not depend on the threads.

#pragma once

#include <span>
#include <string_view>

#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

/// Whether a file that begins with `head` is text, without control characters.
bool is_csv(std::string_view head);

/// The samples of all `files`, one after another. Each has its own header or none; all must agree
/// in the number of columns, the label's column and, where they have them, the names.
///
/// options.label says which column is the label: a name of the header, else a number counted from
/// 0, or from the end if negative (-1 the last); empty means the last. A byte-order mark, CRLF,
/// spaces around fields, trailing empty lines and a missing final newline are fine. Throws
/// DataError, naming file:line, for everything else that is not a number. With options.features, a
/// file of just so many columns has no label.
Samples read_csv(std::span<const SourcePtr> files, const ReadOptions& options);

}  // namespace dga
