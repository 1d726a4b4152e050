// SPDX-License-Identifier: Apache-2.0
//
// One record of a CSV file: a fast parser for plain numbers, a general one for all else, and a
// function that explains why a record cannot be read.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dga/data/formats/csv_record.h"
#include "dga/data/formats/table/layout.h"
#include "dga/data/formats/table/padded_labels.h"
#include "dga/data/formats/table/text_codes.h"

namespace dga {

/// Where the values of a record go. Pointers that the layout does not ask for may be null.
struct CsvRow {
  float* features = nullptr;                // numbers, and the codes of categories
  std::int64_t* label = nullptr;            // an integer, or the code of a text
  float* target = nullptr;                  // of a regression
  double* wide = nullptr;                   // the values of wide columns, by Use::position
  std::string_view* wide_texts = nullptr;   // where they stand, until the next record; or null
  std::vector<TextCodes>* texts = nullptr;  // of the features that are categories, by position
  TextCodes* label_texts = nullptr;
  PaddedLabels* padded = nullptr;  // integer labels with leading zeros; or null
  std::int64_t* index = nullptr;   // the values of indices, by Use::position; or null
};

/// The memory of a row that is read over and over.
struct CsvRowBuffer {
  CsvRowBuffer(std::size_t width, std::size_t indices)
      : features(width), index(indices), texts(width) {}

  CsvRow row() noexcept {
    return {.features = features.data(),
            .label = &label,
            .target = &target,
            .texts = &texts,
            .label_texts = &label_texts,
            .index = index.data()};
  }

  std::vector<float> features;
  std::vector<std::int64_t> index;
  std::vector<TextCodes> texts;
  TextCodes label_texts = {};
  std::int64_t label = 0;
  float target = 0;
};

enum class CsvOutcome {
  read,
  dropped,     ///< a value is missing, and the layout says to leave such samples out
  text_label,  ///< the label is a text, where integers were expected
  wrong,
};

/// Parses the record at `p`, which must end in '\n', if it consists of plain numbers. Returns the
/// start of the next record, or null if parse_csv_record must read it.
const char* parse_csv_numbers(const char* p, const TableLayout& layout, const CsvRow& row) noexcept;

/// Splits the record at `p` with `record` and reads its fields. Stores the start of the next record
/// in `next`.
CsvOutcome parse_csv_record(const char* p, const char* end, const TableLayout& layout,
                            const CsvRow& row, CsvRecord& record, const char*& next);

/// Why the record at `p` cannot be read, as "expected …, found …. What to do." `first`: it is the
/// first sample of its file. `unfinished`: it is the last one and has no line end, so the file may
/// be cut off.
std::string explain_csv_record(const char* p, const char* end, const TableLayout& layout,
                               bool first, bool unfinished);

}  // namespace dga
