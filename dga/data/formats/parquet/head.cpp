// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/parquet/head.h"

#include <algorithm>

#include "dga/data/formats/table/value.h"

namespace dga {

TableHead parquet_head(const ParquetFile& file, char decimal) {
  constexpr std::int64_t kRows = 100;  // as many as of CSV
  const std::size_t count = file.columns.size();
  TableHead head{.columns = static_cast<std::int64_t>(count), .first_line = 0, .index = file.index};
  head.text.resize(count);
  head.text_line.resize(count);
  head.empty.assign(count, true);
  head.unreadable.resize(count);
  head.booleans.resize(count);
  std::vector<std::size_t> readable;
  for (std::size_t c = 0; c < count; ++c) {
    const ParquetColumn& column = file.columns[c];
    head.names.push_back(column.name);
    head.booleans[c] = column.kind == ParquetKind::boolean;
    if (column.kind == ParquetKind::unreadable) {
      head.unreadable[c] = column.type;
      head.empty[c] = false;
    } else {
      readable.push_back(c);
    }
  }
  std::int64_t row = 0;  // of the file: the first of the row group
  for (std::size_t group = 0; group < file.groups.size() && row < kRows; ++group) {
    const std::int64_t rows = std::min(file.groups[group], kRows - row);
    const auto look = [&](std::size_t c, std::int64_t first, const ParquetCells& cells) {
      for (std::int64_t i = 0; i < cells.count(); ++i) {
        const auto cell = static_cast<std::size_t>(i);
        if (cells.missing(cell)) {
          continue;
        }
        head.empty[c] = false;
        if (head.text[c].empty() && cells.kind() == ParquetKind::text &&
            !is_number(cells.view(cell), decimal)) {
          head.text[c] = cells.view(cell);
          head.text_line[c] = row + first + i;
        }
      }
    };
    for (const std::size_t c : readable) {
      // Damage of a column is an error only if the column is used, when all of it is read.
      ParquetFault fault;
      scan_parquet({.file = file,
                    .group = static_cast<int>(group),
                    .columns = {&c, 1},
                    .rows = rows,
                    .peek = true},
                   fault, look);
      head.empty[c] = head.empty[c] && fault.row < 0;
    }
    row += rows;
  }
  return head;
}

}  // namespace dga
