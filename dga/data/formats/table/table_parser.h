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

#include "dga/data/formats/table/head.h"
#include "dga/data/merged_numbers.h"
#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

class BlockReader;
class TextCodes;
struct TableReading;

/// Thrown by a parser when a label is a text where integers were expected.
struct TextLabel {
  std::string place;  ///< "file:line"
  std::string text;
};

/// Takes the features of a sample, as numbers and codes for `texts`, by feature.
using UseRow = std::function<void(std::int64_t sample, const float* columns,
                                  const std::vector<TextCodes>& texts)>;

/// Takes the line of a sample and the values of the columns that are left out as an index.
using UseIndex = std::function<void(std::int64_t line, const std::int64_t* index)>;

struct TableParser {
  /// Describes the columns of a file, which it may replace by another form of the same file.
  /// `known`: the columns that it should have, or null.
  std::function<TableHead(SourcePtr& file, const Columns* known)> head;
  /// Cuts the files into pieces and reads them: features, unless they stay in the files, labels or
  /// targets, and results. Categories, and with `text_labels` also labels, become codes of their
  /// piece. Samples that were left out leave gaps at the ends of their pieces. Throws TextLabel,
  /// and DataError for what cannot be read. It may be called twice.
  std::function<void(TableReading& reading, bool text_labels)> parse;
  /// Reads some features, and perhaps the target, again as f64: by column. Of all samples, or of
  /// about `rows` in pieces at equal distances, where NaN stands for the others. After `parse`,
  /// when there are no gaps between pieces.
  std::function<std::vector<WideColumn>(TableReading& reading,
                                        const std::vector<std::int64_t>& features, bool target,
                                        std::int64_t rows)>
      wide;
  /// Calls `use` for all samples that `parse` has read, in order, on this thread:
  /// for_each_row_in_memory, or what reads the files again.
  std::function<void(TableReading& reading, const UseRow& use)> rows;
  /// Calls `use` for the samples of a file that `parse` has read, in order, on this thread. Only
  /// for formats whose indices must be checked.
  std::function<void(TableReading& reading, std::size_t file, const UseIndex& use)> index = {};
  /// Makes the reader of samples that stay in the files. `origins`: by column, before categories
  /// are encoded. Only for formats that can be streamed.
  std::function<std::shared_ptr<const BlockReader>(TableReading& reading, const Origins& origins)>
      blocks = {};
};

/// Reads the samples of all `files`, one file after another. The first file decides what the
/// columns are used for, unless options.columns does; the others are matched with it. Throws
/// DataError, which names the file, and where the format has lines, the line.
Samples read_table(std::span<const SourcePtr> files, const ReadOptions& options,
                   const TableParser& parser);

}  // namespace dga
