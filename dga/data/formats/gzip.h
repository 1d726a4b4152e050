// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "dga/data/source.h"

namespace dga {

/// Whether the bytes begin with the magic number of gzip.
bool is_gzip(const ByteSource& source);

/// Unpacks all members of a gzip file. Throws DataError, which names the source, if the file is
/// truncated, damaged or followed by other data. Zeros after a member are padding.
std::string gunzip(const ByteSource& source);

}  // namespace dga
