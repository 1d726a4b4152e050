// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/table/column_names.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "dga/base/error.h"
#include "dga/data/formats/csv_record.h"
#include "dga/storage/byte_source.h"

namespace dga {

std::vector<std::string> names_in(const std::string& list) {
  CsvRecord record(',');
  record.split(list.data(), list.data() + list.size());
  if (record.fault() != CsvRecord::Fault::none) {
    throw DataError(str("[data] names of columns: expected a list such as a,b or \"a,b\",c, found ",
                        printable(list), ". Give each quote its end, with a comma after it."));
  }
  std::vector<std::string> names;
  for (const CsvField& field : record.fields()) {
    if (field.quoted && field.text.empty()) {
      throw DataError(
          str("[data] names of columns: expected names or numbers, found an empty name in ",
              printable(list), ". Give the number of a column without a name."));
    }
    if (!field.text.empty()) {
      names.emplace_back(field.text);
    }
  }
  return names;
}

std::vector<std::string> unique_names(const std::vector<std::string>& names) {
  std::vector<std::string> unique;
  for (std::size_t c = 0; c < names.size(); ++c) {
    std::string name = names[c].empty() ? str("column ", c + 1) : names[c];
    const std::string base = name;
    for (int copy = 1; std::find(unique.begin(), unique.end(), name) != unique.end(); ++copy) {
      name = str(base, '.', copy);  // as pandas numbers them
    }
    unique.push_back(std::move(name));
  }
  return unique;
}

namespace {

/// The column with a number, which may count from the end; or -1.
std::int64_t column_numbered(const TableHead& head, const std::string& number) {
  std::int64_t column = 0;
  const char* const end = number.data() + number.size();
  const auto parsed = std::from_chars(number.data(), end, column);
  return parsed.ec == std::errc{} && parsed.ptr == end && column < head.columns &&
                 column >= -head.columns
             ? (column < 0 ? column + head.columns : column)
             : -1;
}

}  // namespace

bool has_column(const TableHead& head, const std::string& name) {
  return std::find(head.names.begin(), head.names.end(), name) != head.names.end() ||
         column_numbered(head, name) >= 0;
}

std::int64_t column_called(const TableHead& head, const std::string& name, const std::string& given,
                           const std::string& file) {
  const std::string option = given.substr(0, given.find(' '));
  const auto count = std::count(head.names.begin(), head.names.end(), name);
  if (count > 1) {
    throw DataError(str(head.place(file), ": expected one column named ", printable(name), " as ",
                        option, " says, found ", count,
                        ". Rename them, or give the number of the column."));
  }
  if (count == 1) {
    return std::find(head.names.begin(), head.names.end(), name) - head.names.begin();
  }
  if (const std::int64_t column = column_numbered(head, name); column >= 0) {
    return column;
  }
  const bool label = given.starts_with("--label ");
  throw DataError(
      str(head.place(file), ": expected ", label ? "the label column" : "a column", " as a ",
          head.names.empty()    ? ""
          : head.first_line > 0 ? "name of the header or a "
                                : "name or a ",
          "number in [", -head.columns, ", ", head.columns, "), found ", printable(given),
          head.names.empty() ? ""
                             : str(" where the ", head.first_line > 0 ? "header" : "table", " has ",
                                   list_of(head.names)),
          ". Correct ", option, "."));
}

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    list += (list.empty() ? "" : ", ") + name;
  }
  return printable(list, 200);
}

}  // namespace dga
