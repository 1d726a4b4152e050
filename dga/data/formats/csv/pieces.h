// SPDX-License-Identifier: Apache-2.0
//
// cut_csv: cuts files into pieces of whole records, which threads parse independently.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dga/data/formats/table/layout.h"
#include "dga/data/formats/table/piece.h"
#include "dga/data/source.h"

namespace dga {

/// Cuts the files into pieces of about `piece_bytes`, in order. Sets `quoted` of each layout. Reads
/// every byte once, and files with quotes twice, since only the text before a line end tells
/// whether it stands in quotes. Throws DataError for a record longer than kLongestCsvRecord.
std::vector<TablePiece> cut_csv(std::span<const SourcePtr> files, std::vector<TableLayout>& layouts,
                                std::int64_t piece_bytes, int threads);

/// The text of a piece, with a line end after its last record, in `buffer`.
std::span<const char> text_of(const ByteSource& file, const TablePiece& piece,
                              std::vector<char>& buffer);

}  // namespace dga
