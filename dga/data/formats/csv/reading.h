// SPDX-License-Identifier: Apache-2.0
//
// CsvReading: a set of tables while they are read, which the steps of read_table work on in turn.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dga/data/centring.h"
#include "dga/data/formats/csv/layout.h"
#include "dga/data/formats/csv/pieces.h"
#include "dga/data/formats/csv/table_parser.h"
#include "dga/data/formats/csv/texts.h"
#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

struct CsvReading {
  /// What was read from a piece, beside the values themselves.
  struct Piece {
    std::int64_t rows = 0;                 // without those that were left out
    std::int64_t missing = 0;              // samples with a missing value
    std::vector<std::int64_t> lines = {};  // of the samples; only if they may not be consecutive
    std::vector<CsvTexts> texts = {};      // by feature
    CsvTexts label_texts = {};
  };

  const ReadOptions& options;
  const TableParser& parser;
  std::vector<SourcePtr> files = {};
  std::vector<CsvLayout> layouts = {};  // by file
  std::vector<CsvPiece> pieces = {};
  std::vector<Piece> results = {};                 // by piece
  std::vector<FeatureRanges> ranges = {};          // by thread
  std::vector<std::vector<char>> buffers = {};     // by thread
  std::vector<std::int64_t> feature_columns = {};  // by feature: its position in samples.columns
  Samples samples = {};
  std::int64_t width = 0;  // features, before categories are encoded
  int threads = 1;
  bool has_categories = false;

  const Column& column_of(std::int64_t feature) const;
  Column& column_of(std::int64_t feature);
  /// For messages: "column 3" or "column age".
  std::string name_of_feature(std::int64_t feature) const;
  /// By feature: where it stands in an encoded sample; and last, the width of that.
  std::vector<std::int64_t> encoded_offsets() const;
};

}  // namespace dga
