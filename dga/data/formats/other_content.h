// SPDX-License-Identifier: Apache-2.0
//
// What a file that is no dataset seems to be, for errors.

#pragma once

#include <string_view>

#include "dga/data/source.h"

namespace dga {

/// Throws DataError for a file that begins as files do that people find in place of their data: a
/// pointer of Git LFS, a web page, XML, JSON. `head`: its first bytes.
void refuse_other_content(const ByteSource& file, std::string_view head);

/// Throws DataError for a file that no format recognises. `head`: its first bytes.
[[noreturn]] void refuse_unknown_format(const ByteSource& file, std::string_view head,
                                        std::string_view format_names);

}  // namespace dga
