// SPDX-License-Identifier: Apache-2.0

#include "dga/data/image_size.h"

#include <charconv>

#include "dga/base/error.h"
#include "dga/data/source.h"

namespace dga {

std::optional<ImageSize> image_size_from(const std::string& text) {
  constexpr std::int64_t kMost = 65535;  // as JPEG has
  if (text.empty()) {
    return std::nullopt;
  }
  ImageSize size;
  const char* const end = text.data() + text.size();
  const auto height = std::from_chars(text.data(), end, size.height);
  const bool has_x = height.ec == std::errc{} && height.ptr != end && *height.ptr == 'x';
  const auto width = std::from_chars(has_x ? height.ptr + 1 : end, end, size.width);
  DGA_CHECK(has_x && width.ec == std::errc{} && width.ptr == end && size.height >= 1 &&
                size.width >= 1 && size.height <= kMost && size.width <= kMost,
            "[data] resize: expected a height and a width in pixels, from 1 to ", kMost,
            ", such as 224x224, found ", printable(text), ". Correct it.");
  return size;
}

}  // namespace dga
