// SPDX-License-Identifier: Apache-2.0
//
// ParquetShares: how the columns of the row groups of a set of Parquet files are divided among
// threads. The division changes neither result nor error.

#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "dga/data/formats/parquet/file.h"
#include "dga/data/formats/table/reading.h"

namespace dga {

/// The files of a set while they are read.
struct ParquetReading {
  std::vector<ParquetFile> files = {};
  std::vector<int> groups = {};                          // by piece: the row group of its file
  std::vector<std::vector<std::uint8_t>> left_out = {};  // by piece and row; empty: no row is
};

/// A part of the columns of a piece (a row group), which one thread reads.
struct ParquetShare {
  std::size_t piece = 0;
  std::vector<std::size_t> columns = {};
};

/// The wanted columns of `pieces`, which ascend. Where there are fewer pieces than threads, several
/// shares divide the columns of a piece. In order of the pieces.
std::vector<ParquetShare> parquet_shares(const TableReading& reading,
                                         const std::function<bool(const TableLayout::Use&)>& wanted,
                                         std::span<const std::size_t> pieces);

/// Reads the shares with all threads: the first `rows` rows of each piece. `use` gives what
/// receives the cells of a share. Throws DataError, or TextLabel, for the first fault in the
/// order of the rows of all files.
void scan_parquet_shares(
    const TableReading& reading, const ParquetReading& parquet,
    const std::vector<ParquetShare>& shares,
    const std::function<std::int64_t(std::size_t piece)>& rows,
    const std::function<UseParquetCells(std::size_t share, ParquetFault& fault)>& use);

}  // namespace dga
