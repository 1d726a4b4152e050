// SPDX-License-Identifier: Apache-2.0
//
// ImageInfo: what the head of an image file says. Internal to the format.

#pragma once

#include <string>
#include <string_view>

#include "dga/data/image_size.h"

namespace dga {

struct ImageInfo {
  ImageSize size = {};
  bool colour = false;  // whether the file stores colours, even if all of them are grey

  bool operator==(const ImageInfo&) const = default;
};

/// Throws the DataError of an image that cannot be read. `problem` is the library's text.
[[noreturn]] void refuse_image(const std::string& name, std::string_view kind,
                               std::string_view problem);

}  // namespace dga
