// SPDX-License-Identifier: Apache-2.0
//
// Names of columns, in headers and in options.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dga/data/formats/table/head.h"

namespace dga {

/// The names in a list such as `a,b` or `"a,b",c` (quoted as in CSV), without empty ones. Throws
/// DataError for a list that is not quoted so.
std::vector<std::string> names_in(const std::string& list);

/// The names of a header as different names that are not empty, so that a column can be found
/// again: "column 3" for an empty one, and a number after those that stand twice.
std::vector<std::string> unique_names(const std::vector<std::string>& names);

/// Whether a column has this name or number.
bool has_column(const TableHead& head, const std::string& name);

/// The column that `name` selects: by name, or by number, counted from the end if negative. Throws
/// DataError, which names the file and the option that was `given`, such as "--drop id".
std::int64_t column_called(const TableHead& head, const std::string& name, const std::string& given,
                           const std::string& file);

/// For messages: "a, b, c", cut off if it is long.
std::string list_of(const std::vector<std::string>& names);

}  // namespace dga
