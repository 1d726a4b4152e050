// SPDX-License-Identifier: Apache-2.0
//
// Planes: the three colours of an image, one after another. Internal to the format.

#pragma once

#include <cstdint>
#include <span>

namespace dga {

/// Writes the pixels, (count, 3), to `planes` as (3, count).
void split_into_planes(std::span<const std::uint8_t> pixels, std::uint8_t* planes);

}  // namespace dga
