// SPDX-License-Identifier: Apache-2.0
//
// ParquetCells: consecutive cells of a column of a Parquet file, in the forms that dga needs them.

#pragma once

#include <parquet/column_reader.h>

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "dga/data/formats/number.h"
#include "dga/data/formats/parquet/column.h"
#include "dga/data/merged_numbers.h"

namespace dga {

class ParquetCells {
 public:
  /// Replaces the cells by the next ones of the column, at most `most`, and all of one page.
  /// Returns their number; 0 at the end of the column. Throws what Arrow throws for damaged data.
  std::int64_t read(parquet::ColumnReader& reader, const ParquetColumn& column, std::int64_t most);

  std::int64_t count() const noexcept { return std::ssize(present_); }
  /// Whether there is no value: null, NaN, or a text that stands for none in CSV.
  bool missing(std::size_t cell) const noexcept;
  /// The cell as pandas writes it to CSV; "" for null.
  std::string text(std::size_t cell) const;
  /// The cell of a column of texts, without a copy. Valid until the next read.
  std::string_view view(std::size_t cell) const noexcept { return texts_[cell]; }
  ParquetKind kind() const noexcept { return kind_; }
  /// The nearest number, for a cell that is not missing. `decimal`: the decimal point in texts.
  NumberError number(std::size_t cell, char decimal, float& out) const noexcept;
  NumberError number(std::size_t cell, char decimal, double& out) const noexcept;
  NumberError number(std::size_t cell, char decimal, std::int64_t& out) const noexcept;
  /// Adds the cell, which `number` has read as `value`.
  void add_to(MergedNumbers& numbers, std::size_t cell, char decimal, double value) const;

 private:
  template <typename Type, typename Convert>
  std::int64_t take(parquet::ColumnReader& reader, std::int64_t most, Convert convert);
  template <typename Type>
  std::int64_t take_integers(parquet::ColumnReader& reader, const ParquetColumn& column,
                             std::int64_t most);

  ParquetKind kind_ = ParquetKind::nothing;
  bool single_ = false;  // whether reals are stored as f32, whose decimals are shorter
  bool times_ = false;   // whether reals are times, which are stored as integers
  std::vector<std::uint8_t> present_;    // by cell
  std::vector<std::int64_t> integers_;   // by cell: integer, natural (its bits), boolean, time
  std::vector<double> reals_;            // by cell: real
  std::vector<std::string_view> texts_;  // by cell: text, decimal
  std::vector<std::string> decimals_;    // what `texts_` views of decimals
  std::vector<std::int16_t> levels_;     // Parquet's: 1 for a value, 0 for null
  std::vector<std::uint64_t> buffer_;    // values as Parquet has them, without gaps
};

}  // namespace dga
