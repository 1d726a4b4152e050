// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/image.h"

namespace dga {

bool is_jpeg(std::string_view head) {
  return head.starts_with("\xff\xd8\xff");
}

bool is_png(std::string_view head) {
  return head.starts_with("\x89PNG\r\n\x1a\n");
}

bool is_image(std::string_view head) {
  return is_jpeg(head) || is_png(head);
}

}  // namespace dga
