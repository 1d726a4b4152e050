// SPDX-License-Identifier: Apache-2.0
//
// One line of a CSV file: a fast parser that only reports success or failure, and a slow function
// that explains a failure.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dga/data/formats/csv_layout.h"

namespace dga {

/// Parses the line at `p`, which must end in '\n'. Writes one number for each column except the
/// label column to `features`, and the label to `label` if the layout has one. Returns the start of
/// the next line, or null if the line does not match the layout.
const char* parse_csv_row(const char* p, const CsvLayout& layout, float* features,
                          std::int64_t& label) noexcept;
/// The same for a regression target.
const char* parse_csv_row(const char* p, const CsvLayout& layout, float* features,
                          float& target) noexcept;

/// Why `line` cannot be parsed, as "expected …, found …. What to do." `unfinished` says that it is
/// the last line of its file and has no newline, so the file may be truncated.
std::string explain_csv_row(std::string_view line, const CsvLayout& layout, bool regression,
                            bool unfinished);

}  // namespace dga
