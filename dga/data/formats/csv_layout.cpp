// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv_layout.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "dga/base/error.h"
#include "dga/data/formats/number.h"

namespace dga {
namespace {

constexpr std::string_view kSeparators = ",;\t";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// A line without its end, and the offset of the next line.
struct Line {
  std::string text;
  std::int64_t next = 0;
};

Line read_line(const ByteSource& source, std::int64_t offset, std::int64_t end,
               std::int64_t number) {
  std::string text;
  std::size_t newline = std::string::npos;
  const std::int64_t start = offset;
  for (std::int64_t chunk = 4096; newline == std::string::npos && offset < end; chunk *= 2) {
    if (offset - start > kLongestCsvLine) {
      throw DataError(str(source.name(), ":", number, ": expected lines of at most ",
                          kLongestCsvLine >> 20, " MiB, found a longer one. Is this a CSV file?"));
    }
    const auto count = std::min(chunk, end - offset);
    const std::size_t old = text.size();
    text.resize(old + static_cast<std::size_t>(count));
    source.read(offset, std::span(text).subspan(old));
    offset += count;
    newline = text.find('\n', old);
  }
  const std::int64_t next =
      newline == std::string::npos ? end : start + static_cast<std::int64_t>(newline) + 1;
  text.resize(std::min(newline, text.size()));
  if (text.ends_with('\r')) {
    text.pop_back();
  }
  return {std::move(text), next};
}

/// The offset at which the samples end, without trailing empty lines and the end of the last line.
std::int64_t trimmed_end(const ByteSource& source, std::int64_t begin) {
  char buffer[4096];
  std::int64_t end = source.size();
  while (end > begin) {
    const auto count = std::min<std::int64_t>(sizeof(buffer), end - begin);
    source.read(end - count, std::span(buffer, static_cast<std::size_t>(count)));
    std::int64_t left = count;
    while (left > 0 && (buffer[left - 1] == '\n' || buffer[left - 1] == '\r')) {
      --left;
    }
    end -= count - left;
    if (left > 0) {
      break;
    }
  }
  return end;
}

/// Also true for "nan" and "1e999": a line of such fields is an invalid sample, not a header.
bool is_number(std::string_view field) {
  float value = 0.0F;
  const NumberError error = parse_float(field, value);
  return error != NumberError::not_a_number && error != NumberError::empty;
}

bool all_numbers(std::string_view line, char separator) {
  const auto fields = csv_fields(line, separator);
  return std::all_of(fields.begin(), fields.end(), is_number);
}

/// Whether a line consists of names: no field is a number, or some field is quoted.
bool is_header(std::string_view line, char separator) {
  const auto fields = csv_fields(line, separator);
  return std::none_of(fields.begin(), fields.end(), is_number) ||
         line.find('"') != std::string_view::npos;
}

/// The separator of `line`, or nothing if there is none or it is ambiguous.
std::optional<char> separator_of(std::string_view line) {
  std::optional<char> found;
  for (const char candidate : kSeparators) {
    if (line.find(candidate) == std::string_view::npos) {
      continue;
    }
    if (all_numbers(line, candidate)) {
      return candidate;
    }
    if (found) {
      return std::nullopt;
    }
    found = candidate;
  }
  return found;
}

/// The names in a header line. Quoted names may contain separators. A leading '#' is ignored.
std::vector<std::string> header_names(std::string_view line, char separator) {
  if (line.starts_with('#')) {
    line.remove_prefix(1);
  }
  std::vector<std::string> names(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == separator && !quoted) {
      names.emplace_back();
    } else {
      names.back() += c;
    }
  }
  for (std::string& name : names) {
    const auto fields = csv_fields(name, '\0');
    name = printable(fields.front());
  }
  return names;
}

/// The column that `label` selects: by name, by number, or the last column if it is empty.
std::int64_t label_column(const CsvLayout& layout, const std::string& label,
                          const std::string& name) {
  if (label.empty()) {
    return layout.columns - 1;
  }
  const auto named = std::find(layout.names.begin(), layout.names.end(), label);
  if (named != layout.names.end()) {
    return named - layout.names.begin();
  }
  std::int64_t column = 0;
  const char* const end = label.data() + label.size();
  const auto parsed = std::from_chars(label.data(), end, column);
  if (parsed.ec == std::errc{} && parsed.ptr == end && column < layout.columns &&
      column >= -layout.columns) {
    return column < 0 ? column + layout.columns : column;
  }
  std::string names;
  for (const std::string& each : layout.names) {
    names += (names.empty() ? "" : ", ") + each;
  }
  throw DataError(str(name, ":1: expected the label column ",
                      layout.names.empty() ? "as a number" : "as a name of the header or a number",
                      " in [", -layout.columns, ", ", layout.columns, "), found --label ",
                      printable(label),
                      layout.names.empty() ? "" : " where the header has " + printable(names, 200),
                      ". Correct --label."));
}

/// Throws unless there are as many columns as features, or one more for the label.
void check_width(const CsvLayout& layout, const std::string& label, std::int64_t features,
                 const std::string& name) {
  if (layout.columns == features && !label.empty()) {
    throw DataError(str(name, ":1: expected ", features + 1,
                        " columns, the features and the label ", printable(label), ", found ",
                        layout.columns, ". For samples without labels leave out --label."));
  }
  if (layout.columns != features && layout.columns != features + 1) {
    throw DataError(str(name, ":1: expected ", features, " columns (the features), or ",
                        features + 1, " (and a label), as the model was trained on, found ",
                        layout.columns, ". Give samples with the features of the training."));
  }
}

}  // namespace

std::vector<std::string_view> csv_fields(std::string_view line, char separator) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t end = std::min(line.find(separator), line.size());
    std::string_view field = line.substr(0, end);
    while (!field.empty() && (field.front() == ' ' || field.front() == '\t')) {
      field.remove_prefix(1);
    }
    while (!field.empty() && (field.back() == ' ' || field.back() == '\t')) {
      field.remove_suffix(1);
    }
    fields.push_back(field);
    if (end == line.size()) {
      return fields;
    }
    line.remove_prefix(end + 1);
  }
}

CsvLayout detect_csv_layout(const ByteSource& source, const std::string& label,
                            std::int64_t features) {
  CsvLayout layout;
  char start[3] = {};
  if (source.size() >= 3) {
    source.read(0, start);
    if (std::string_view(start, 3) == kByteOrderMark) {
      layout.begin = 3;
    }
  }
  layout.end = trimmed_end(source, layout.begin);
  if (layout.end == layout.begin) {
    throw DataError(str(source.name(),
                        ":1: expected samples, found an empty file. Give a file "
                        "with one sample a line."));
  }
  const Line first = read_line(source, layout.begin, layout.end, 1);
  const Line second =
      first.next < layout.end ? read_line(source, first.next, layout.end, 2) : Line{};

  // A line of numbers shows the separator. The names in a header may contain any of them.
  const auto of_first = separator_of(first.text);
  const bool clear = of_first && all_numbers(first.text, *of_first);
  auto separator = clear || second.text.empty() ? of_first : separator_of(second.text);
  if (features == 1 && !separator) {
    separator = ',';  // one feature and no label: the lines have no separator
  }
  if (!separator) {
    throw DataError(str(source.name(), ":", clear || second.text.empty() ? 1 : 2,
                        ": expected at least 2 fields (features and a label) separated by one of "
                        "comma, semicolon and tab, found \"",
                        printable(second.text.empty() ? first.text : second.text),
                        "\". Write numbers with a decimal point and one separator between them."));
  }
  layout.separator = *separator;
  if (!clear && is_header(first.text, layout.separator)) {
    layout.names = header_names(first.text, layout.separator);
    layout.columns = static_cast<std::int64_t>(layout.names.size());
    layout.begin = first.next;
    layout.first_line = 2;
    if (layout.begin >= layout.end) {
      throw DataError(str(source.name(),
                          ":1: expected samples after the header, found none. Add "
                          "one sample a line."));
    }
  } else {
    layout.columns = static_cast<std::int64_t>(csv_fields(first.text, layout.separator).size());
  }
  if (features > 0) {
    check_width(layout, label, features, source.name());
    if (layout.columns == features) {
      layout.label = -1;
      return layout;
    }
  }
  if (layout.columns < 2) {
    throw DataError(str(source.name(),
                        ":1: expected at least 2 columns (features and a label), found ",
                        layout.columns, ". Is the separator one of comma, semicolon and tab?"));
  }
  layout.label = label_column(layout, label, source.name());
  return layout;
}

}  // namespace dga
