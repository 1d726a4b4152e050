// SPDX-License-Identifier: Apache-2.0
//
// CsvPieces: cuts files into pieces of whole records, which threads parse independently.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dga/data/formats/csv/layout.h"
#include "dga/data/source.h"

namespace dga {

/// Whole records of one file: bytes [begin, end).
struct CsvPiece {
  std::size_t file = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t rows = 0;
  std::int64_t first_row = 0;   // number of its first record among those of all files
  std::int64_t first_line = 0;  // line number of its first record in the file
};

/// Cuts the files into pieces of about `piece_bytes`, in order. Sets `quoted` of each layout. Reads
/// every byte once, and files with quotes twice, since only the text before a line end tells
/// whether it stands in quotes. Throws DataError for a record longer than kLongestCsvRecord.
std::vector<CsvPiece> cut_csv(std::span<const SourcePtr> files, std::vector<CsvLayout>& layouts,
                              std::int64_t piece_bytes, int threads);

/// The text of a piece, with a line end after its last record, in `buffer`.
std::span<const char> text_of(const ByteSource& file, const CsvPiece& piece,
                              std::vector<char>& buffer);

}  // namespace dga
