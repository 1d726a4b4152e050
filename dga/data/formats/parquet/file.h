// SPDX-License-Identifier: Apache-2.0
//
// ParquetFile: the footer of a Parquet file: its columns and row groups. ParquetScan: reads columns
// of a row group side by side.

#pragma once

#include <parquet/file_reader.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dga/data/formats/parquet/cells.h"
#include "dga/data/formats/parquet/column.h"
#include "dga/data/source.h"

namespace dga {

struct ParquetFile {
  SourcePtr source = {};
  std::shared_ptr<parquet::FileMetaData> metadata = {};
  std::vector<ParquetColumn> columns = {};
  std::vector<bool> index = {};           // by column: whether it is an index of pandas
  std::vector<std::int64_t> groups = {};  // by row group: its rows
};

/// Reads the footer. Throws DataError for a file that is cut off, damaged or encrypted, without
/// columns or rows, and for names that are not UTF-8.
ParquetFile open_parquet(const SourcePtr& source);

/// A cell or a column that cannot be read. Of several, the first row counts, and then the first
/// column, however the columns are divided among threads.
struct ParquetFault {
  std::int64_t row = -1;  // in its row group; -1: nothing is wrong
  std::size_t column = 0;
  std::string reason = {};  // a whole message about a cell, or what Arrow says about a column
  bool is_cell = false;     // whether the reason is about a cell
  std::string text_label = {};
  bool is_text_label = false;  // the label is text_label, where integers were expected

  /// Keeps the first of both.
  void add(ParquetFault other);
};

/// Receives cells of a column, the first of which belongs to `row` of the row group.
using UseParquetCells =
    std::function<void(std::size_t column, std::int64_t row, const ParquetCells& cells)>;

struct ParquetScan {
  const ParquetFile& file;
  int group = 0;
  std::span<const std::size_t> columns = {};
  std::int64_t rows = 0;      // the first ones, at most those of the row group
  std::int64_t batch = 4096;  // rows of all columns before the next ones
  bool peek = false;          // only the first rows are wanted
};

/// Calls `use` for all cells: for one batch of rows after another, with all columns. `fault` is
/// what is wrong with a column; `use` may add to it. The scan ends after a batch with a fault.
/// Throws what the source throws.
void scan_parquet(const ParquetScan& scan, ParquetFault& fault, const UseParquetCells& use);

}  // namespace dga
