// SPDX-License-Identifier: Apache-2.0
//
// One line of a CSV file: a fast reader that only says yes or no, and a slow one that says why not.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dga/data/formats/csv_layout.h"

namespace dga {

/// Parses the line at `p`, which must end in '\n', into `features` (one a column, but for the
/// label's) and `label`, which is left alone where the layout has none. Returns the start of the
/// next line, or null when the line is not as the layout says.
const char* parse_csv_row(const char* p, const CsvLayout& layout, float* features,
                          std::int64_t& label) noexcept;
/// The same for a regression target.
const char* parse_csv_row(const char* p, const CsvLayout& layout, float* features,
                          float& target) noexcept;

/// What is wrong with `line`, as "expected …, found …. What to do." `unfinished`: it is the last of
/// its file and has no newline, so the file may have been cut off.
std::string explain_csv_row(std::string_view line, const CsvLayout& layout, bool regression,
                            bool unfinished);

}  // namespace dga
