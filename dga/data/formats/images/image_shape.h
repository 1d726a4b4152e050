// SPDX-License-Identifier: Apache-2.0
//
// ImageShape: the shape that all images of a dataset get. Internal to the format.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dga/data/formats/images/image_info.h"
#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

struct ImageShape {
  int channels = 1;  // 1 or 3
  ImageSize size = {};
  /// The shape of a sample: (channels, height, width), or that of the training.
  std::vector<std::int64_t> dims = {};

  std::int64_t values() const noexcept { return channels * size.height * size.width; }
};

/// The shape for these files and their heads. Throws DataError, which names a file, if the images
/// have different sizes, or another size than the training had, and none is to be made of them.
ImageShape image_shape_of(std::span<const SourcePtr> files, std::span<const ImageInfo> infos,
                          const ReadOptions& options);

/// Throws DataError if there is less memory than the samples, with `value_bytes` for each value,
/// and `threads` decoders take. Files of a few bytes may ask for any size.
void check_image_memory(std::span<const SourcePtr> files, std::span<const ImageInfo> infos,
                        const ImageShape& shape, std::int64_t value_bytes, int threads);

}  // namespace dga
