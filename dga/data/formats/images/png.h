// SPDX-License-Identifier: Apache-2.0
//
// Png: PNG files, over libspng. Internal to the format.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "dga/data/formats/images/image_info.h"

namespace dga {

/// `bytes` may be the beginning of a file, if its head is whole. Throws DataError, which names
/// `name`, for a head that is not.
ImageInfo png_info(std::string_view bytes, const std::string& name);

/// Fills `into` with the pixels, row by row: (height, width, 3). Grey images have three equal
/// values. Of 16 bits, the upper 8 are taken; fewer are scaled to 0 to 255. Transparency and gamma
/// are ignored. Throws DataError, also if the file ends early.
void decode_png(std::string_view bytes, const std::string& name, std::span<std::uint8_t> into);

}  // namespace dga
