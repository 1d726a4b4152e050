// SPDX-License-Identifier: Apache-2.0
//
// TableReading: a set of tables while they are read, which the steps of read_table work on in turn.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dga/data/centring.h"
#include "dga/data/formats/table/index.h"
#include "dga/data/formats/table/layout.h"
#include "dga/data/formats/table/padded_labels.h"
#include "dga/data/formats/table/piece.h"
#include "dga/data/formats/table/table_parser.h"
#include "dga/data/formats/table/text_codes.h"
#include "dga/data/samples.h"
#include "dga/data/source.h"
#include "dga/data/stream/text_blocks.h"

namespace dga {

struct TableReading {
  /// What was read from a piece, beside the values themselves.
  struct Piece {
    std::int64_t rows = 0;     // without those that were left out
    std::int64_t missing = 0;  // samples with a missing value
    std::size_t codes = 0;     // which of `codes` its texts are numbered in
    /// Line numbers of the samples; empty if they are consecutive, from the first line of the
    /// piece.
    std::vector<std::int64_t> lines = {};
    /// Of samples that stay in the files: where records begin. `sample` counts within the piece.
    std::vector<TextMark> marks = {};
    std::vector<IntegerRuns> index = {};  // by column that is left out as an index
  };
  /// The texts of some pieces as numbers, which are valid only within them.
  struct Codes {
    std::vector<TextCodes> texts = {};  // by feature; empty without categories
    TextCodes label_texts = {};
    PaddedLabels padded = {};
  };

  const ReadOptions& options;
  const TableParser& parser;
  std::vector<SourcePtr> files = {};
  std::vector<TableLayout> layouts = {};  // by file
  std::vector<TablePiece> pieces = {};
  std::vector<Piece> results = {};                 // by piece
  std::vector<Codes> codes = {};                   // see Piece::codes
  FeatureRanges ranges = FeatureRanges(0);         // of all samples
  std::vector<std::int64_t> feature_columns = {};  // by feature: its position in samples.columns
  std::vector<std::int64_t> index_columns = {};    // the same of those left out as an index
  Samples samples = {};
  std::int64_t width = 0;  // features, before categories are encoded
  int threads = 1;
  bool has_categories = false;

  /// Makes the arrays for all `rows` of the pieces, without features that stay in the files, and a
  /// result for each piece. With `text_labels` labels are codes of texts.
  void start_samples(std::int64_t rows, bool text_labels);
  /// Makes `count` Codes without any text.
  void start_codes(std::size_t count);

  const Column& column_of(std::int64_t feature) const;
  Column& column_of(std::int64_t feature);
  /// For messages: "column 3" or "column age".
  std::string name_of_feature(std::int64_t feature) const;
  /// By feature: where it stands in an encoded sample; and last, the width of that.
  std::vector<std::int64_t> encoded_offsets() const;
};

/// Calls use(sample, codes) for all samples: `codes` is that of their piece.
template <typename Use>
void for_each_sample(const TableReading& reading, Use use) {
  std::int64_t sample = 0;
  for (const TableReading::Piece& result : reading.results) {
    for (const std::int64_t end = sample + result.rows; sample < end; ++sample) {
      use(sample, result.codes);
    }
  }
}

/// Calls `use` for all samples, whose features are in memory.
void for_each_row_in_memory(TableReading& reading, const UseRow& use);

/// The first samples of a piece, and where they go when some columns are read again.
struct WidePart {
  std::size_t piece = 0;
  std::int64_t at = 0;
  std::int64_t rows = 0;
};

/// All samples of all pieces, or at most `rows` from pieces at equal distances.
std::vector<WidePart> wide_parts(const TableReading& reading, std::int64_t rows);

}  // namespace dga
