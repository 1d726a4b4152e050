// SPDX-License-Identifier: Apache-2.0

#include <vector>

#include "dga/base/error.h"
#include "dga/data/formats/parquet.h"
#include "dga/data/formats/parquet/file.h"
#include "dga/data/formats/parquet/head.h"
#include "dga/data/formats/parquet/parse.h"
#include "dga/data/formats/table/reading.h"
#include "dga/data/formats/table/table_parser.h"
#include "dga/data/formats/table/value.h"

namespace dga {

Samples read_parquet(std::span<const SourcePtr> files, const ReadOptions& options) {
  if (options.table.header == HeaderRow::no) {
    throw DataError(str(files.front()->name(),
                        ": expected a table whose first line --header tells about, found Parquet, "
                        "whose columns have names. Leave the option out."));
  }
  ParquetReading parquet;
  const TableParser parser{
      .head =
          [&](SourcePtr& file, const Columns* /*known*/) {
            parquet.files.push_back(open_parquet(file));
            return parquet_head(parquet.files.back(), mark_of(options.table.decimal));
          },
      .parse = [&](TableReading& reading,
                   bool text_labels) { parse_parquet(reading, parquet, text_labels); },
      .wide =
          [&](TableReading& reading, const std::vector<std::int64_t>& features, bool target,
              std::int64_t rows) {
            return read_parquet_wide(reading, parquet, features, target, rows);
          },
      .rows = for_each_row_in_memory};
  return read_table(files, options, parser);
}

}  // namespace dga
