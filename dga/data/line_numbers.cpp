// SPDX-License-Identifier: Apache-2.0

#include "dga/data/line_numbers.h"

#include <numeric>

namespace dga {

void keep_line(std::vector<std::int64_t>& lines, std::int64_t first_line, std::int64_t count,
               std::int64_t line) {
  if (lines.empty() && line == first_line + count) {
    return;
  }
  if (lines.empty()) {
    lines.resize(static_cast<std::size_t>(count));
    std::iota(lines.begin(), lines.end(), first_line);
  }
  lines.push_back(line);
}

}  // namespace dga
