// SPDX-License-Identifier: Apache-2.0
//
// Resize: gives an image another size. Internal to the format.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dga/data/image_size.h"

namespace dga {

/// The image `from`, (height, width, channels) of `size`, with the size `to`: a triangle filter
/// that widens with the reduction, in 22-bit fixed point, first along rows and then along columns.
/// These are the bits of Pillow's resize(…, BILINEAR).
std::vector<std::uint8_t> resized(std::span<const std::uint8_t> from, ImageSize size, ImageSize to,
                                  int channels);

}  // namespace dga
