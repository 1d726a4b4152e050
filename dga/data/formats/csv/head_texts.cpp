// SPDX-License-Identifier: Apache-2.0
//
// How messages call the columns and records of a table.

#include <algorithm>

#include "dga/base/error.h"
#include "dga/data/formats/csv/head.h"
#include "dga/data/formats/csv/header.h"

namespace dga {

std::string CsvHead::describe(std::int64_t column) const {
  const std::string number = str("column ", column + 1);
  return names.empty() || names[static_cast<std::size_t>(column)].empty()
             ? number
             : str(number, " (", printable(names[static_cast<std::size_t>(column)]), ")");
}

std::string CsvHead::handle(std::int64_t column) const {
  const std::string name = names.empty() ? std::string() : names[static_cast<std::size_t>(column)];
  if (name.empty()) {
    return std::to_string(column);
  }
  return name.find_first_of(",\" ") == std::string::npos ? printable(name)
                                                         : str("'\"", printable(name), "\"'");
}

std::string CsvHead::place(const std::string& file) const {
  return first_line > 0 ? file + ":1" : file;
}

std::string CsvHead::place(const std::string& file, std::int64_t line) const {
  return str(file, first_line > 0 ? ":" : ": sample ", line);
}

bool CsvHead::repeats_names(std::span<const CsvField> record) const {
  return !names.empty() && std::equal(record.begin(), record.end(), names.begin(), names.end(),
                                      [&](const CsvField& field, const std::string& name) {
                                        return csv_name(field.text, &name == names.data()) == name;
                                      });
}

}  // namespace dga
