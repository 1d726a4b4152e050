// SPDX-License-Identifier: Apache-2.0

#include "dga/data/samples.h"

#include "dga/base/error.h"

namespace dga {

std::string Samples::place(std::int64_t sample) const {
  for (const Part& part : parts) {
    if (sample < part.count) {
      if (part.is_sample) {
        return part.file;
      }
      const std::int64_t number = part.lines.empty() ? part.first_line + sample
                                                     : part.lines[static_cast<std::size_t>(sample)];
      return str(part.file, part.first_line > 0 ? ":" : ": sample ", number);
    }
    sample -= part.count;
  }
  return "?";
}

std::int64_t width_of(const Samples& samples) noexcept {
  std::int64_t width = 1;
  for (const std::int64_t size : samples.shape) {
    width *= size;
  }
  return width;
}

}  // namespace dga
