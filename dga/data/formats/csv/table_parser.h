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
class CsvTexts;
struct CsvReading;

/// Takes the features of a sample, as numbers and codes for `texts`, by feature.
using UseRow = std::function<void(std::int64_t sample, const float* columns,
                                  const std::vector<CsvTexts>& texts)>;

/// Takes the line of a sample and the values of the columns that are left out as an index.
using UseIndex = std::function<void(std::int64_t line, const std::int64_t* index)>;

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
  /// Calls `use` for all samples that `parse` has read, in order, on this thread:
  /// for_each_row_in_memory, or what reads the files again.
  std::function<void(CsvReading& reading, const UseRow& use)> rows;
  /// Calls `use` for the samples of a file that `parse` has read, in order, on this thread. Only
  /// for formats whose indices must be checked.
  std::function<void(CsvReading& reading, std::size_t file, const UseIndex& use)> index = {};
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
