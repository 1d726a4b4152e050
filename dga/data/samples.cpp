// SPDX-License-Identifier: Apache-2.0

#include "dga/data/samples.h"

#include "dga/base/error.h"

namespace dga {

std::string Samples::place(std::int64_t sample) const {
  for (const Part& part : parts) {
    if (sample < part.count) {
      if (!part.lines.empty()) {
        return str(part.file, ":", part.lines[static_cast<std::size_t>(sample)]);
      }
      return part.first_line > 0 ? str(part.file, ":", part.first_line + sample)
                                 : str(part.file, ": sample ", sample);
    }
    sample -= part.count;
  }
  return "?";
}

}  // namespace dga
