// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/table/explain_cell.h"

#include "dga/base/error.h"
#include "dga/data/formats/table/value.h"
#include "dga/storage/byte_source.h"

namespace dga {
namespace {

using Slot = TableLayout::Slot;

std::string describe(NumberError error, bool integer, bool is_label) {
  switch (error) {
    case NumberError::empty:
      return "a number";
    case NumberError::not_finite:
      return "a finite number";
    case NumberError::too_large:
      return integer ? "an integer label of at most 2^63 in size (2^53 with a decimal point)"
                     : "a number of at most 3.4e38 in size";
    case NumberError::not_integral:
      return "an integer label";
    case NumberError::not_a_number:
    case NumberError::none:
      break;
  }
  return is_label ? "a number as label" : "a number";
}

std::string remedy(NumberError error, bool comma, bool is_label, const char* record) {
  switch (error) {
    case NumberError::empty:
    case NumberError::not_finite:
      return str("Fill in a number or remove the ", record, ".");
    case NumberError::too_large:
      return str("Scale the column down or remove the ", record, ".");
    case NumberError::not_integral:
      return "To train on real-valued labels use --task regression.";
    case NumberError::not_a_number:
    case NumberError::none:
      break;
  }
  return str("Correct or remove the ", record,
             is_label ? "" : ", or leave the column out with --drop",
             comma ? "; numbers with a decimal comma need --decimal ,." : ".");
}

std::string remedy_of_missing(const TableLayout& layout, std::int64_t column) {
  const bool is_label = column == layout.label;
  if (layout.optional_labels) {  // samples to predict, for which the model has the rules
    const std::string& name =
        layout.head.names.empty() ? "" : layout.head.names[static_cast<std::size_t>(column)];
    return is_label ? str("Fill it in, or leave the labels out with --drop ",
                          name.empty() ? std::to_string(column) : printable(name), ".")
                    : str("Fill it in or remove the ", layout.head.record(), ".");
  }
  if (layout.missing == Missing::mean) {
    return is_label ? "A label has no mean: use --missing drop."
                    : "A text has no mean: use --missing drop.";
  }
  return "Fill it in, or use --missing drop, or mean for numbers.";
}

}  // namespace

std::string remedy_of_index(const TableHead& head, std::int64_t column) {
  return str("Leave the column out with --drop ", head.handle(column),
             ", or give it a name of its own to train on it.");
}

std::string explain_cell(std::string_view text, const TableLayout& layout, std::int64_t column,
                         const std::string& where) {
  const Slot slot = layout.uses[static_cast<std::size_t>(column)].slot;
  if (slot == Slot::skip) {
    return "";
  }
  const bool is_label = column == layout.label;
  const std::string found = !text.empty()                ? str("\"", printable(text), "\"")
                            : layout.head.first_line > 0 ? "an empty field"
                                                         : "no value";
  if (slot == Slot::index) {
    std::int64_t integer = 0;
    return parse_number(text, layout.decimal, integer) == NumberError::none
               ? ""
               : str("expected an integer in ", where, ", which is left out as an index, found ",
                     found, ". ", remedy_of_index(layout.head, column));
  }
  if (is_missing(text)) {
    const bool allowed = layout.missing == Missing::drop ||
                         (layout.missing == Missing::mean && !is_label && slot != Slot::category);
    return allowed ? ""
                   : str("expected a value in ", where, ", found ", found, ". ",
                         remedy_of_missing(layout, column));
  }
  if (slot == Slot::category || (is_label && layout.text_labels)) {
    return "";
  }
  const bool integer = is_label && !layout.regression;
  float value = 0.0F;
  double wide = 0.0;
  std::int64_t label = 0;
  const NumberError error = integer              ? parse_number(text, layout.decimal, label)
                            : slot == Slot::wide ? parse_number(text, layout.decimal, wide)
                                                 : parse_number(text, layout.decimal, value);
  return error == NumberError::none
             ? ""
             : str("expected ", describe(error, integer, is_label), " in ", where, ", found ",
                   found, ". ",
                   remedy(error, layout.decimal == '.' && is_number(text, ','), is_label,
                          layout.head.record()));
}

}  // namespace dga
