// SPDX-License-Identifier: Apache-2.0
//
// judge_header: whether the first record of a CSV file holds the names of the columns.

#pragma once

#include <span>
#include <string>
#include <vector>

#include "dga/data/formats/csv_record.h"

namespace dga {

/// The first records of a file, and what is known about their columns. The fields point into text
/// that lives elsewhere.
using CsvRecords = std::vector<std::vector<CsvField>>;

enum class HeaderVerdict {
  header,
  numbered,  ///< a header, but its names are 0, 1, …, n-1
  data,
  unclear,
};

/// Compares the first record with those below it. See docs/data.md for the rules. Records with
/// another number of fields than the first are ignored. `decimal` is the decimal point.
HeaderVerdict judge_header(std::span<const std::vector<CsvField>> records, char decimal);

}  // namespace dga
