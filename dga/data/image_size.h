// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace dga {

/// Pixels of an image.
struct ImageSize {
  std::int64_t height = 0;
  std::int64_t width = 0;

  bool operator==(const ImageSize&) const = default;
};

/// "HxW", as the option resize has it; nothing for "". Throws InvalidArgument for anything else,
/// and for sizes that are not in [1, 65535].
std::optional<ImageSize> image_size_from(const std::string& text);

}  // namespace dga
