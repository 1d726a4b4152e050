// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv/rows.h"

#include <algorithm>

namespace dga {

CsvRows::CsvRows(const TableLayout& layout, std::span<const char> text)
    : layout_(layout),
      begin_(text.data()),
      next_(text.data()),
      end_(text.data() + text.size()),
      record_(layout.head.separator) {
  using Slot = TableLayout::Slot;
  numbers_ = layout.decimal == '.' &&
             std::none_of(layout.uses.begin(), layout.uses.end(), [&](const TableLayout::Use& use) {
               return use.slot == Slot::category || (use.slot == Slot::label && layout.text_labels);
             });
}

CsvOutcome CsvRows::next(const CsvRow& row) {
  begin_ = next_;
  const char* const after = numbers_ ? parse_csv_numbers(begin_, layout_, row) : nullptr;
  plain_ = after != nullptr;
  if (plain_) {
    next_ = after;
    return CsvOutcome::read;
  }
  return parse_csv_record(begin_, end_, layout_, row, record_, next_);
}

}  // namespace dga
