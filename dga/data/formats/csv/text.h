// SPDX-License-Identifier: Apache-2.0
//
// The text of a CSV file in the one form that the other parts of the format read.

#pragma once

#include <string_view>

#include "dga/data/source.h"

namespace dga {

/// Whether a file that begins with `head` may be CSV: it has the byte-order mark of UTF-16, or no
/// control characters except for line ends, tabs and a final Ctrl-Z.
bool is_csv(const ByteSource& file, std::string_view head);

/// The file as UTF-8 whose lines end in LF or CRLF. A file in UTF-16 with a byte-order mark, or
/// with lines that end in CR alone, is converted in memory; any other is returned as it is. Throws
/// DataError for UTF-16 that is damaged, and with `in_place` for what would be converted.
SourcePtr csv_text(const SourcePtr& file, bool in_place);

}  // namespace dga
