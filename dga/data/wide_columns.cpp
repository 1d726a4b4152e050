// SPDX-License-Identifier: Apache-2.0

#include "dga/data/wide_columns.h"

namespace dga {

std::vector<WideColumn> columns_for(const std::vector<std::int64_t>& wanted, bool target,
                                    std::int64_t rows, double value) {
  std::vector<WideColumn> columns(wanted.size() + (target ? 1 : 0));
  for (WideColumn& column : columns) {
    column.values.assign(static_cast<std::size_t>(rows), value);
  }
  return columns;
}

std::vector<std::int64_t> feature_positions(const std::vector<std::int64_t>& wanted,
                                            std::int64_t width) {
  std::vector<std::int64_t> positions(static_cast<std::size_t>(width), -1);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    positions[static_cast<std::size_t>(wanted[i])] = static_cast<std::int64_t>(i);
  }
  return positions;
}

}  // namespace dga
