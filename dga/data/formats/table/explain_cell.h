// SPDX-License-Identifier: Apache-2.0
//
// explain_cell: why a cell of a table cannot be read.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dga/data/formats/table/layout.h"

namespace dga {

/// Why the cell `text` of a column cannot be read, as "expected …, found …. What to do.", or "" if
/// it can. `where`: what the message calls the cell.
std::string explain_cell(std::string_view text, const TableLayout& layout, std::int64_t column,
                         const std::string& where);

/// What to do about a column that begins as an index and then is none.
std::string remedy_of_index(const TableHead& head, std::int64_t column);

}  // namespace dga
