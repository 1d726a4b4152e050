// SPDX-License-Identifier: Apache-2.0
//
// TablePiece: consecutive rows of one file, which threads read independently of those of others.

#pragma once

#include <cstddef>
#include <cstdint>

namespace dga {

struct TablePiece {
  std::size_t file = 0;
  std::int64_t rows = 0;
  std::int64_t first_row = 0;   // number of its first row among those of all files
  std::int64_t first_line = 0;  // line number of its first row; without lines: its number
  // --- of text: whole records, bytes [begin, end) of the file
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

}  // namespace dga
