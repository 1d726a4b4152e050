// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv/row.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "dga/base/error.h"
#include "dga/data/formats/csv/header.h"
#include "dga/data/formats/number.h"
#include "dga/data/formats/table/explain_cell.h"
#include "dga/data/formats/table/value.h"

namespace dga {
namespace {

using Slot = TableLayout::Slot;

const char* parse_common(const char* p, float& out) noexcept {
  return parse_common_float(p, out);
}
const char* parse_common(const char* p, std::int64_t& out) noexcept {
  return parse_common_integer(p, out);
}
NumberError parse_any(std::string_view text, float& out) noexcept {
  return parse_float(text, out);
}
NumberError parse_any(std::string_view text, double& out) noexcept {
  return parse_double(text, out);
}
NumberError parse_any(std::string_view text, std::int64_t& out) noexcept {
  return parse_integer(text, out);
}

/// Parses a field with spaces around it or a number in an uncommon notation. Returns its end, which
/// is a separator or newline, or null.
template <typename T>
[[gnu::noinline]] const char* parse_uncommon(const char* p, char separator, T& out) noexcept {
  const char* end = p;
  while (*end != separator && *end != '\n') {
    ++end;
  }
  const char* last = end;
  if (*end == '\n' && last != p && last[-1] == '\r') {
    --last;
  }
  while (p != last && (*p == ' ' || *p == '\t')) {
    ++p;
  }
  while (last != p && (last[-1] == ' ' || last[-1] == '\t')) {
    --last;
  }
  const std::string_view text(p, static_cast<std::size_t>(last - p));
  return parse_any(text, out) == NumberError::none ? end : nullptr;
}

/// Parses one field. Returns its end, which is a separator or newline, or null.
template <typename T>
[[gnu::always_inline]] inline const char* parse_field(const char* p, char separator,
                                                      T& out) noexcept {
  const char* const end = parse_common(p, out);
  if (end != nullptr) {
    if (*end == separator || *end == '\n') {
      return end;
    }
    if (end[0] == '\r' && end[1] == '\n') {
      return end + 1;
    }
  }
  return parse_uncommon(p, separator, out);
}

/// Whether the field at `p` begins with a zero before another digit. The text ends in a byte that
/// is no part of a number.
bool has_leading_zero(const char* p) noexcept {
  while (*p == ' ' || *p == '\t') {
    ++p;
  }
  p += *p == '-' || *p == '+' ? 1 : 0;
  return p[0] == '0' && detail::is_digit(p[1]);
}

/// The end of a field that is not used, or null if it may be quoted.
const char* skip_field(const char* p, char separator) noexcept {
  while (*p == ' ' || (*p == '\t' && separator != '\t')) {
    ++p;
  }
  if (*p == '"') {
    return nullptr;
  }
  while (*p != separator && *p != '\n') {
    ++p;
  }
  return p;
}

template <typename Label>
const char* parse_numbers(const char* p, const TableLayout& layout, const CsvRow& row,
                          Label& label) noexcept {
  const char separator = layout.head.separator;
  const std::size_t last = layout.uses.size() - 1;
  for (std::size_t column = 0; column <= last; ++column) {
    const TableLayout::Use use = layout.uses[column];
    const char* end = nullptr;
    if (use.slot == Slot::number) {
      end = parse_field(p, separator, row.features[use.position]);
    } else if (use.slot == Slot::wide) {
      end = parse_uncommon(p, separator, row.wide[use.position]);
      if (row.wide_texts != nullptr && end != nullptr) {
        row.wide_texts[use.position] = {p, static_cast<std::size_t>(end - p)};
      }
    } else if (use.slot == Slot::label) {
      // The general parser notes leading zeros.
      end = std::is_integral_v<Label> && has_leading_zero(p) ? nullptr
                                                             : parse_field(p, separator, label);
    } else if (use.slot == Slot::index) {
      std::int64_t unused = 0;
      end = parse_field(p, separator, row.index != nullptr ? row.index[use.position] : unused);
    } else if (use.slot == Slot::skip) {
      end = skip_field(p, separator);
    }
    if (end == nullptr || (*end == '\n') != (column == last)) {
      return nullptr;
    }
    p = end + 1;
  }
  return p;
}

/// Reads one field. A missing value is `dropped`, whatever the layout says about it.
CsvOutcome read_field(const CsvField& field, const TableLayout& layout, TableLayout::Use use,
                      const CsvRow& row) {
  const auto outcome_of = [](NumberError error) {
    return error == NumberError::none ? CsvOutcome::read : CsvOutcome::wrong;
  };
  if (use.slot == Slot::skip) {
    return CsvOutcome::read;
  }
  if (use.slot == Slot::index) {
    std::int64_t unused = 0;
    return outcome_of(parse_number(field.text, layout.decimal,
                                   row.index != nullptr ? row.index[use.position] : unused));
  }
  if (is_missing(field.text)) {
    return CsvOutcome::dropped;
  }
  switch (use.slot) {
    case Slot::skip:
    case Slot::index:
      break;
    case Slot::number:
      return outcome_of(parse_number(field.text, layout.decimal, row.features[use.position]));
    case Slot::wide:
      if (row.wide_texts != nullptr) {
        row.wide_texts[use.position] = field.text;
      }
      return outcome_of(parse_number(field.text, layout.decimal, row.wide[use.position]));
    case Slot::category:
      row.features[use.position] =
          static_cast<float>((*row.texts)[static_cast<std::size_t>(use.position)].code(field.text));
      return CsvOutcome::read;
    case Slot::label:
      if (layout.text_labels) {
        *row.label = row.label_texts->code(field.text);
        return CsvOutcome::read;
      }
      if (layout.regression) {
        return outcome_of(parse_number(field.text, layout.decimal, *row.target));
      }
      const NumberError error = parse_number(field.text, layout.decimal, *row.label);
      if (error == NumberError::none && row.padded != nullptr) {
        row.padded->add(field.text);
      }
      return error == NumberError::not_a_number ? CsvOutcome::text_label : outcome_of(error);
  }
  return CsvOutcome::read;
}

/// Puts NaN for a missing number. False for a column that has no mean.
bool put_missing(TableLayout::Use use, const CsvRow& row) noexcept {
  if (use.slot == Slot::number) {
    row.features[use.position] = std::numeric_limits<float>::quiet_NaN();
  } else if (use.slot == Slot::wide && use.position >= 0) {
    row.wide[use.position] = std::numeric_limits<double>::quiet_NaN();
  } else {
    return false;
  }
  return true;
}

}  // namespace

const char* parse_csv_numbers(const char* p, const TableLayout& layout,
                              const CsvRow& row) noexcept {
  if (layout.regression || layout.label < 0) {
    float none = 0;
    return parse_numbers(p, layout, row, row.target == nullptr ? none : *row.target);
  }
  return parse_numbers(p, layout, row, *row.label);
}

CsvOutcome parse_csv_record(const char* p, const char* end, const TableLayout& layout,
                            const CsvRow& row, CsvRecord& record, const char*& next) {
  next = record.split(p, end);
  const auto fields = record.fields();
  if (record.fault() != CsvRecord::Fault::none || fields.size() != layout.uses.size()) {
    return CsvOutcome::wrong;
  }
  if (layout.missing == Missing::drop) {
    // Before anything is read: a sample that is left out defines no class and no category.
    for (std::size_t column = 0; column < fields.size(); ++column) {
      const Slot slot = layout.uses[column].slot;
      if (slot != Slot::skip && slot != Slot::index && is_missing(fields[column].text)) {
        return CsvOutcome::dropped;
      }
    }
  }
  for (std::size_t column = 0; column < fields.size(); ++column) {
    const CsvOutcome outcome = read_field(fields[column], layout, layout.uses[column], row);
    if (outcome == CsvOutcome::dropped) {
      if (layout.missing != Missing::mean || !put_missing(layout.uses[column], row)) {
        return CsvOutcome::wrong;
      }
    } else if (outcome != CsvOutcome::read) {
      return outcome;
    }
  }
  return CsvOutcome::read;
}

std::string explain_csv_record(const char* p, const char* end, const TableLayout& layout,
                               bool first, bool unfinished) {
  CsvRecord record(layout.head.separator);
  record.split(p, end);
  const auto fields = record.fields();
  const std::int64_t count = std::ssize(fields);
  const std::int64_t columns = layout.head.columns;
  if (record.fault() == CsvRecord::Fault::open_quote) {
    return str("expected a closing quote for field ", count, " of ", columns,
               ", found the end of the file. Close the quote, or double the quotes that are part "
               "of a text.");
  }
  if (record.fault() == CsvRecord::Fault::text_after_quote) {
    return str(
        "expected a separator after the closing quote of a field, found other text. Double "
        "the quotes that are part of a text.");
  }
  if (count == 1 && fields.front().text.empty() && !fields.front().quoted && columns > 1) {
    return str("expected ", columns, " fields, found an empty line. Remove the line.");
  }
  if (repeats_names(layout.head, fields)) {
    return "expected a sample, found the header again, as in files that were put together. Remove "
           "the line.";
  }
  if (count != columns) {
    if (first && !layout.head.names.empty()) {
      return str("expected ", columns, " fields as in the header, found ", count,
                 ". Give each column one name in the header, or correct the line.");
    }
    if (unfinished && count < columns) {
      return str("expected ", columns, " fields, found ", count,
                 " in a last line without an end: the file seems cut off. Copy it again.");
    }
    return str("expected ", columns, " fields, found ", count, ". Correct or remove the line.");
  }
  for (std::int64_t column = 0; column < count; ++column) {
    const std::string& name =
        layout.head.names.empty() ? "" : layout.head.names[static_cast<std::size_t>(column)];
    std::string reason = explain_cell(fields[static_cast<std::size_t>(column)].text, layout, column,
                                      str("field ", column + 1, " of ", count,
                                          name.empty() ? "" : str(" (", printable(name), ")")));
    if (!reason.empty()) {
      return reason;
    }
  }
  return "expected a line of numbers, found another. Correct or remove the line.";
}

}  // namespace dga
