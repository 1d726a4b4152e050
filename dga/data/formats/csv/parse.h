// SPDX-License-Identifier: Apache-2.0
//
// Parses the values of CSV files, piece by piece, on several threads.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dga/data/formats/csv/reading.h"
#include "dga/data/merged_numbers.h"

namespace dga {

/// Thrown by parse_csv when a label is a text where integers were expected.
struct CsvTextLabel {
  std::string place;  ///< "file:line"
  std::string text;
};

/// Cuts the files into pieces and reads them: features, unless they stay in the files, labels or
/// targets, and results. Categories, and with `text_labels` also labels, become codes (see
/// CsvTexts), numbered by thread. Samples that were
/// left out leave gaps at the ends of their pieces. Throws DataError for a record that cannot be
/// read.
void parse_csv(CsvReading& reading, bool text_labels);

/// Reads some features, and perhaps the target, again as f64: by column. Of all samples, or of
/// about `rows` in pieces at equal distances, where NaN stands for the others. For files that
/// parse_csv has read, and without gaps between pieces.
std::vector<WideColumn> read_csv_wide(CsvReading& reading,
                                      const std::vector<std::int64_t>& features, bool target,
                                      std::int64_t rows);

/// Reads the samples of files that parse_csv has read again, in order, on this thread.
void for_each_csv_row(CsvReading& reading, const UseRow& use);

/// The same for the indices of one file.
void for_each_csv_index(CsvReading& reading, std::size_t file, const UseIndex& use);

}  // namespace dga
