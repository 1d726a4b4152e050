// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/parquet/shares.h"

#include <algorithm>
#include <span>
#include <string>

#include "dga/base/error.h"
#include "dga/base/one_line.h"
#include "dga/base/parallel_for.h"
#include "dga/data/formats/table/table_parser.h"

namespace dga {
namespace {

/// Rows of all columns that a thread reads before the next ones: what it writes stays in its cache.
std::int64_t batch_of(std::int64_t width) {
  return std::clamp<std::int64_t>(
      (std::int64_t{256} << 10) / (4 * std::max<std::int64_t>(1, width)), 256, 8192);
}

/// Throws for the first fault of the shares, in the order of the rows of all files.
void throw_first(const TableReading& reading, const ParquetReading& parquet,
                 std::span<const ParquetShare> shares, std::span<const ParquetFault> faults) {
  for (std::size_t begin = 0, end = 0; begin < shares.size(); begin = end) {
    const std::size_t piece = shares[begin].piece;
    ParquetFault first;
    for (; end < shares.size() && shares[end].piece == piece; ++end) {
      first.add(faults[end]);
    }
    if (first.row < 0) {
      continue;
    }
    const std::size_t file = reading.pieces[piece].file;
    const std::string& name = reading.files[file]->name();
    const TableHead& head = reading.layouts[file].head;
    const std::string place = head.place(name, reading.pieces[piece].first_line + first.row);
    if (first.is_text_label) {
      throw TextLabel{place, first.text_label};
    }
    if (first.is_cell) {
      throw DataError(str(place, ": ", first.reason));
    }
    throw DataError(
        str(name, ": expected ", head.describe(static_cast<std::int64_t>(first.column)),
            " of row group ", parquet.groups[piece], " to be whole, found \"",
            one_line(printable(first.reason, 200)),
            "\". Copy the file again, write it anew, or leave the column out with --drop ",
            head.handle(static_cast<std::int64_t>(first.column)), "."));
  }
}

}  // namespace

std::vector<ParquetShare> parquet_shares(const TableReading& reading,
                                         const std::function<bool(const TableLayout::Use&)>& wanted,
                                         std::span<const std::size_t> pieces) {
  std::vector<ParquetShare> shares;
  for (const std::size_t piece : pieces) {
    const std::vector<TableLayout::Use>& uses = reading.layouts[reading.pieces[piece].file].uses;
    std::vector<std::size_t> columns;
    for (std::size_t c = 0; c < uses.size(); ++c) {
      if (wanted(uses[c])) {
        columns.push_back(c);
      }
    }
    // Neighbours in a sample share its cache lines.
    std::stable_sort(columns.begin(), columns.end(), [&](std::size_t a, std::size_t b) {
      return uses[a].position < uses[b].position;
    });
    const std::size_t count = std::clamp<std::size_t>(
        (static_cast<std::size_t>(reading.threads) + pieces.size() - 1) / pieces.size(), 1,
        std::max<std::size_t>(1, columns.size()));
    for (std::size_t i = 0; i < count && !columns.empty(); ++i) {
      const auto begin = static_cast<std::ptrdiff_t>(i * columns.size() / count);
      const auto end = static_cast<std::ptrdiff_t>((i + 1) * columns.size() / count);
      shares.push_back({piece, {columns.begin() + begin, columns.begin() + end}});
    }
  }
  return shares;
}

void scan_parquet_shares(
    const TableReading& reading, const ParquetReading& parquet,
    const std::vector<ParquetShare>& shares,
    const std::function<std::int64_t(std::size_t piece)>& rows,
    const std::function<UseParquetCells(std::size_t share, ParquetFault& fault)>& use) {
  std::vector<ParquetFault> faults(shares.size());
  parallel_for(std::ssize(shares), reading.threads, [&](std::int64_t index, int /*thread*/) {
    const auto i = static_cast<std::size_t>(index);
    const std::size_t piece = shares[i].piece;
    scan_parquet({.file = parquet.files[reading.pieces[piece].file],
                  .group = parquet.groups[piece],
                  .columns = shares[i].columns,
                  .rows = rows(piece),
                  .batch = batch_of(reading.width)},
                 faults[i], use(i, faults[i]));
  });
  throw_first(reading, parquet, shares, faults);
}

}  // namespace dga
