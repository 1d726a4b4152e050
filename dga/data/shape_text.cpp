// SPDX-License-Identifier: Apache-2.0

#include "dga/data/shape_text.h"

#include "dga/base/error.h"

namespace dga {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t dim : shape) {
    text += str(text.empty() ? "" : " x ", dim);
  }
  return text;
}

}  // namespace dga
