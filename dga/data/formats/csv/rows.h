// SPDX-License-Identifier: Apache-2.0
//
// CsvRows: parses the records of a text one after another.

#pragma once

#include <span>

#include "dga/data/formats/csv/row.h"
#include "dga/data/formats/csv_record.h"
#include "dga/data/formats/table/layout.h"

namespace dga {

class CsvRows {
 public:
  /// `text`: whole records, with a line end after the last one. Both must outlive the object.
  CsvRows(const TableLayout& layout, std::span<const char> text);

  bool at_end() const noexcept { return next_ == end_; }
  /// Where the next record begins.
  const char* position() const noexcept { return next_; }
  /// Parses the next record, of which there must be one.
  CsvOutcome next(const CsvRow& row);

  // --- of the record that `next` has parsed
  const char* begin() const noexcept { return begin_; }
  /// Whether it consists of plain numbers, none of which is missing.
  bool plain() const noexcept { return plain_; }
  /// Its fields, unless it is plain.
  std::span<const CsvField> fields() const noexcept { return record_.fields(); }

 private:
  const TableLayout& layout_;
  const char* begin_;
  const char* next_;
  const char* end_;
  CsvRecord record_;
  bool numbers_ = false;  // records may be plain
  bool plain_ = false;
};

}  // namespace dga
