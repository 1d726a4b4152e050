// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "dga/storage/byte_source.h"

namespace dga {

/// Opens a file with data, whose errors are then DataErrors. If its content is gzip or zstd,
/// unpacks it into memory first. Throws DataError if the file is missing, unreadable, not a regular
/// file, or damaged gzip or zstd.
SourcePtr open_file(const std::string& path);

/// The same for a file that is open.
SourcePtr unpacked(SourcePtr opened);

}  // namespace dga
