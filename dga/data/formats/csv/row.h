// SPDX-License-Identifier: Apache-2.0
//
// One record of a CSV file: a fast parser for plain numbers, a general one for all else, and a
// function that explains why a record cannot be read.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dga/data/formats/csv/layout.h"
#include "dga/data/formats/csv/padded_labels.h"
#include "dga/data/formats/csv/record.h"
#include "dga/data/formats/csv/texts.h"

namespace dga {

/// Where the values of a record go. Pointers that the layout does not ask for may be null.
struct CsvRow {
  float* features = nullptr;               // numbers, and the codes of categories
  std::int64_t* label = nullptr;           // an integer, or the code of a text
  float* target = nullptr;                 // of a regression
  double* wide = nullptr;                  // the values of wide columns, by Use::position
  std::string_view* wide_texts = nullptr;  // where they stand, until the next record; or null
  std::vector<CsvTexts>* texts = nullptr;  // of the features that are categories, by position
  CsvTexts* label_texts = nullptr;
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
  std::vector<CsvTexts> texts;
  CsvTexts label_texts = {};
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
const char* parse_csv_numbers(const char* p, const CsvLayout& layout, const CsvRow& row) noexcept;

/// Splits the record at `p` with `record` and reads its fields. Stores the start of the next record
/// in `next`.
CsvOutcome parse_csv_record(const char* p, const char* end, const CsvLayout& layout,
                            const CsvRow& row, CsvRecord& record, const char*& next);

/// What to do about a column that begins as an index and then is none.
std::string remedy_of_index(const CsvHead& head, std::int64_t column);

/// Why the cell `text` of a column cannot be read, as "expected …, found …. What to do.", or "" if
/// it can. `where`: what the message calls the cell.
std::string explain_csv_cell(std::string_view text, const CsvLayout& layout, std::int64_t column,
                             const std::string& where);

/// Why the record at `p` cannot be read, as "expected …, found …. What to do." `first`: it is the
/// first sample of its file. `unfinished`: it is the last one and has no line end, so the file may
/// be cut off.
std::string explain_csv_record(const char* p, const char* end, const CsvLayout& layout, bool first,
                               bool unfinished);

}  // namespace dga
