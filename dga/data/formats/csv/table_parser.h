// SPDX-License-Identifier: Apache-2.0
//
// TableParser: what read_table needs to know of a format whose files are tables. Which column is
// the label, which are left out and how files are matched is the same for all of them.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "dga/data/formats/csv/head.h"
#include "dga/data/merged_numbers.h"
#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

class BlockReader;
struct CsvReading;

struct TableParser {
  /// Describes the columns of a file, which it may replace by another form of the same file.
  /// `known`: the columns that it should have, or null.
  std::function<CsvHead(SourcePtr& file, const Columns* known)> head;
  /// Reads the files as parse_csv does. It may be called twice.
  std::function<void(CsvReading& reading, bool text_labels)> parse;
  /// Reads some columns again as read_csv_wide does.
  std::function<std::vector<WideColumn>(CsvReading& reading,
                                        const std::vector<std::int64_t>& features, bool target,
                                        std::int64_t rows)>
      wide;
  /// Makes the reader of samples that stay in the files, as csv_blocks does. Only for formats that
  /// can be streamed.
  std::function<std::shared_ptr<const BlockReader>(CsvReading& reading, const Origins& origins)>
      blocks = {};
};

/// Reads the samples of all `files`, one file after another. The first file decides what the
/// columns are used for, unless options.columns does; the others are matched with it. Throws
/// DataError as read_csv does.
Samples read_table(std::span<const SourcePtr> files, const ReadOptions& options,
                   const TableParser& parser);

}  // namespace dga
