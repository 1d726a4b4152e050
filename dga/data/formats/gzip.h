// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "dga/data/source.h"

namespace dga {

/// Whether the bytes begin as gzip does.
bool is_gzip(const ByteSource& source);

/// The unpacked content, of all members if there are several. Throws DataError, naming the source,
/// when it is cut off, damaged or followed by something else.
std::string gunzip(const ByteSource& source);

}  // namespace dga
