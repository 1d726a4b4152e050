// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv_row.h"

#include "dga/base/error.h"
#include "dga/data/formats/number.h"

namespace dga {
namespace {

const char* parse_common(const char* p, float& out) noexcept {
  return parse_common_float(p, out);
}
const char* parse_common(const char* p, std::int64_t& out) noexcept {
  return parse_common_integer(p, out);
}
NumberError parse_any(std::string_view text, float& out) noexcept {
  return parse_float(text, out);
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
inline const char* parse_field(const char* p, char separator, T& out) noexcept {
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

template <typename Label>
const char* parse_row(const char* p, const CsvLayout& layout, float* features,
                      Label& label) noexcept {
  const char separator = layout.separator;
  const std::int64_t last = layout.columns - 1;
  for (std::int64_t column = 0; column <= last; ++column) {
    const char* const end = column == layout.label ? parse_field(p, separator, label)
                                                   : parse_field(p, separator, *features++);
    if (end == nullptr || (*end == '\n') != (column == last)) {
      return nullptr;
    }
    p = end + 1;
  }
  return p;
}

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

std::string remedy(NumberError error) {
  switch (error) {
    case NumberError::empty:
    case NumberError::not_finite:
      return "Fill in a number or remove the line.";
    case NumberError::too_large:
      return "Scale the column down or remove the line.";
    case NumberError::not_integral:
      return "To train on real-valued labels use --task regression.";
    case NumberError::not_a_number:
    case NumberError::none:
      break;
  }
  return "Correct or remove the line.";
}

}  // namespace

const char* parse_csv_row(const char* p, const CsvLayout& layout, float* features,
                          std::int64_t& label) noexcept {
  return parse_row(p, layout, features, label);
}

const char* parse_csv_row(const char* p, const CsvLayout& layout, float* features,
                          float& target) noexcept {
  return parse_row(p, layout, features, target);
}

std::string explain_csv_row(std::string_view line, const CsvLayout& layout, bool regression,
                            bool unfinished) {
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  const auto fields = csv_fields(line, layout.separator);
  const auto count = static_cast<std::int64_t>(fields.size());
  if (line.empty()) {
    return str("expected ", layout.columns, " fields, found an empty line. Remove the line.");
  }
  if (count != layout.columns) {
    if (unfinished && count < layout.columns) {
      return str("expected ", layout.columns, " fields, found ", count,
                 " in a last line without an end: the file seems cut off. Copy it again.");
    }
    return str("expected ", layout.columns, " fields, found ", count,
               ". Correct or remove the line.");
  }
  for (std::int64_t column = 0; column < count; ++column) {
    const std::string_view field = fields[static_cast<std::size_t>(column)];
    const bool is_label = column == layout.label;
    const bool integer = is_label && !regression;
    float value = 0.0F;
    std::int64_t label = 0;
    const NumberError error = integer ? parse_integer(field, label) : parse_float(field, value);
    if (error != NumberError::none) {
      const std::string name = layout.names.empty()
                                   ? ""
                                   : str(" (", layout.names[static_cast<std::size_t>(column)], ")");
      const std::string found =
          field.empty() ? "an empty field" : str("\"", printable(field), "\"");
      return str("expected ", describe(error, integer, is_label), " in field ", column + 1, " of ",
                 count, name, ", found ", found, ". ", remedy(error));
    }
  }
  return "expected a line of numbers, found another. Correct or remove the line.";
}

}  // namespace dga
