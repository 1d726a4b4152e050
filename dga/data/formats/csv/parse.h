// SPDX-License-Identifier: Apache-2.0
//
// Parses the values of CSV files, piece by piece, on several threads.

#pragma once

#include <cstdint>
#include <vector>

#include "dga/data/formats/table/reading.h"
#include "dga/data/merged_numbers.h"

namespace dga {

/// See TableParser::parse. The codes are those of the thread that has read the piece.
void parse_csv(TableReading& reading, bool text_labels);

/// See TableParser::wide.
std::vector<WideColumn> read_csv_wide(TableReading& reading,
                                      const std::vector<std::int64_t>& features, bool target,
                                      std::int64_t rows);

/// Reads the samples of files that parse_csv has read again, in order, on this thread.
void for_each_csv_row(TableReading& reading, const UseRow& use);

/// The same for the indices of one file.
void for_each_csv_index(TableReading& reading, std::size_t file, const UseIndex& use);

}  // namespace dga
