// SPDX-License-Identifier: Apache-2.0
//
// ParquetColumn: what dga makes of the type of a column of a Parquet file.

#pragma once

#include <parquet/schema.h>

#include <cstdint>
#include <string>

namespace dga {

enum class ParquetKind {
  integer,
  natural,  ///< an integer from 0 to 2^64 - 1
  real,     ///< also times, in seconds
  boolean,
  text,
  decimal,     ///< of up to 76 digits, as text
  nothing,     ///< all values are missing
  unreadable,  ///< lists, bytes and the like
};

struct ParquetColumn {
  std::string name = {};
  ParquetKind kind = ParquetKind::unreadable;
  std::string type = {};        // for messages, if unreadable: "a list"
  int leaf = -1;                // its number among the columns that the file stores; -1: unreadable
  std::int64_t per_second = 0;  // of times in integers: units in a second; 0: no time
  std::int64_t seconds = 1;     // of dates: seconds in a unit
  std::int32_t scale = 0;       // of decimals: digits after the point
  std::int32_t width = 0;       // of values in bytes of one length: the length
  bool is_unsigned = false;
  bool may_be_null = false;
};

/// The column that a field of the table is. `leaf`: the number of its first stored column.
ParquetColumn parquet_column(const parquet::schema::Node& field, int leaf);

}  // namespace dga
