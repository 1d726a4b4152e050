// SPDX-License-Identifier: Apache-2.0
//
// judge_header: whether the first record of a CSV file holds the names of the columns.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dga/data/formats/csv_record.h"
#include "dga/data/formats/table/head.h"
#include "dga/storage/columns.h"

namespace dga {

/// The first records of a file, and what is known about their columns. The fields point into text
/// that lives elsewhere.
using CsvRecords = std::vector<std::vector<CsvField>>;

enum class HeaderVerdict {
  header,
  numbered,  ///< a header, but its names are numbers, so the user should know
  data,
  unclear,
};

/// Compares the first record with those below it. See docs/data.md for the rules. Records with
/// another number of fields than the first are ignored. `decimal` is the decimal point.
HeaderVerdict judge_header(std::span<const std::vector<CsvField>> records, char decimal);

/// The same for a file whose columns are `known` from another file or a model: names and texts of
/// these decide first.
HeaderVerdict judge_header(std::span<const std::vector<CsvField>> records, char decimal,
                           const Columns& known);

/// A field of the header as a name: without the `#` that some programs write before the first name.
std::string csv_name(std::string_view cell, bool first);

/// Whether a record is the header once more, as in files that were put together.
bool repeats_names(const TableHead& head, std::span<const CsvField> record);

}  // namespace dga
