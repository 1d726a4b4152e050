// SPDX-License-Identifier: Apache-2.0
//
// Jpeg: JPEG files, over TurboJPEG. Internal to the format.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "dga/data/formats/images/image_info.h"

namespace dga {

/// `bytes` may be the beginning of a file, if its head is whole. Throws DataError, which names
/// `name`, for a head that is not whole and for CMYK.
ImageInfo jpeg_info(std::string_view bytes, const std::string& name);

/// Fills `into` with the pixels, row by row: (height, width) if `channels` is 1, for grey images
/// only, and (height, width, 3) if it is 3. Whatever makes the decoder guess is an error, so that
/// no sample is partly grey. The orientation in the Exif data is not applied. Throws DataError.
void decode_jpeg(std::string_view bytes, const std::string& name, const ImageInfo& info,
                 int channels, std::span<std::uint8_t> into);

}  // namespace dga
