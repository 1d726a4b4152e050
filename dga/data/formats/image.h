// SPDX-License-Identifier: Apache-2.0
//
// Images: PNG and JPEG files, each of which is one sample.

#pragma once

#include <span>
#include <string_view>

#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

bool is_jpeg(std::string_view head);
bool is_png(std::string_view head);

/// Whether a file that begins with `head` is a PNG or JPEG file, by its first bytes.
bool is_image(std::string_view head);

/// Reads each file into one sample of the shape (channels, height, width): bytes from 0 to 255, or
/// f32 if options.origins has some to subtract. There is 1 channel if all images are grey, and
/// there are 3 otherwise: red, green and blue. The labels are options.file_classes; without these,
/// options.optional_labels must be set.
///
/// Throws DataError, which names the file: for a file that is damaged, cut off or in CMYK, for
/// images of different sizes without options.image_size, for images that differ from options.shape,
/// and if there is too little memory for all of them. docs/data.md has the rules.
Samples read_images(std::span<const SourcePtr> files, const ReadOptions& options);

}  // namespace dga
