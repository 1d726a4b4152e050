// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/table/head.h"

#include "dga/base/error.h"
#include "dga/storage/byte_source.h"

namespace dga {

std::string TableHead::describe(std::int64_t column) const {
  const std::string number = str("column ", column + 1);
  return names.empty() || names[static_cast<std::size_t>(column)].empty()
             ? number
             : str(number, " (", printable(names[static_cast<std::size_t>(column)]), ")");
}

std::string TableHead::handle(std::int64_t column) const {
  const std::string name = names.empty() ? std::string() : names[static_cast<std::size_t>(column)];
  if (name.empty()) {
    return std::to_string(column);
  }
  return name.find_first_of(",\" ") == std::string::npos ? printable(name)
                                                         : str("'\"", printable(name), "\"'");
}

std::string TableHead::place(const std::string& file) const {
  return first_line > 0 ? file + ":1" : file;
}

std::string TableHead::place(const std::string& file, std::int64_t line) const {
  return str(file, first_line > 0 ? ":" : ": sample ", line);
}

}  // namespace dga
