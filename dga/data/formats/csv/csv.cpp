// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv/csv.h"

#include "dga/data/formats/csv/blocks.h"
#include "dga/data/formats/csv/head.h"
#include "dga/data/formats/csv/parse.h"
#include "dga/data/formats/csv/text.h"
#include "dga/data/formats/table/reading.h"
#include "dga/data/formats/table/table_parser.h"

namespace dga {

Samples read_csv(std::span<const SourcePtr> files, const ReadOptions& options) {
  const TableParser parser{.head =
                               [&](SourcePtr& file, const Columns* known) {
                                 file = csv_text(file, options.in_place);
                                 return read_csv_head(*file, options, known);
                               },
                           .parse = parse_csv,
                           .wide = read_csv_wide,
                           .rows = options.in_place ? for_each_csv_row : for_each_row_in_memory,
                           .index = for_each_csv_index,
                           .blocks = csv_blocks};
  return read_table(files, options, parser);
}

}  // namespace dga
