// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "dga/data/source.h"

namespace dga {

/// Whether the bytes begin with the magic number of zstd.
bool is_zstd(const ByteSource& source);

/// Unpacks all frames of a zstd file. Throws DataError, which names the source, if the file is
/// truncated, damaged or followed by other data.
std::string unzstd(const ByteSource& source);

}  // namespace dga
