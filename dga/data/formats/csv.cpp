// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/topology.h"
#include "dga/data/aligned.h"
#include "dga/data/formats/csv_layout.h"
#include "dga/data/formats/csv_row.h"
#include "dga/data/parallel_for.h"

namespace dga {
namespace {

/// Bytes [begin, end) of a file. A piece owns the lines that follow its newlines, and the first
/// piece of a file also owns the first line. So each line has exactly one owner. The last line of a
/// piece may extend into the next piece.
struct Piece {
  std::size_t file = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t rows = 0;
  std::int64_t first_row = 0;       // row number in the table
  std::int64_t first_row_here = 0;  // row number in its file
};

std::vector<Piece> cut(const std::vector<CsvLayout>& layouts, std::int64_t piece_bytes) {
  std::vector<Piece> pieces;
  for (std::size_t file = 0; file < layouts.size(); ++file) {
    for (std::int64_t begin = layouts[file].begin; begin < layouts[file].end;) {
      const auto end = std::min(begin + piece_bytes, layouts[file].end);
      pieces.push_back({file, begin, end});
      begin = end;
    }
  }
  return pieces;
}

std::int64_t count_newlines(std::span<const char> text) {
  std::int64_t count = 0;
  const char* p = text.data();
  const char* const end = p + text.size();
  while ((p = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)))) !=
         nullptr) {
    ++count;
    ++p;
  }
  return count;
}

/// Counts the lines that each piece owns. A line follows every newline, because the range of a
/// file's samples does not end with one.
void count_rows(std::span<const SourcePtr> files, const std::vector<CsvLayout>& layouts,
                std::vector<Piece>& pieces, int threads) {
  std::vector<std::vector<char>> buffers(static_cast<std::size_t>(threads));
  parallel_for(
      static_cast<std::int64_t>(pieces.size()), threads, [&](std::int64_t index, int thread) {
        Piece& piece = pieces[static_cast<std::size_t>(index)];
        auto& buffer = buffers[static_cast<std::size_t>(thread)];
        buffer.resize(static_cast<std::size_t>(piece.end - piece.begin));
        files[piece.file]->read(piece.begin, buffer);
        piece.rows = count_newlines(buffer) + (piece.begin == layouts[piece.file].begin ? 1 : 0);
      });
  std::int64_t row = 0;
  std::int64_t first_row_of_file = 0;
  for (Piece& piece : pieces) {
    if (piece.begin == layouts[piece.file].begin) {
      first_row_of_file = row;
    }
    piece.first_row = row;
    piece.first_row_here = row - first_row_of_file;
    row += piece.rows;
  }
}

/// The text of the lines that `piece` owns, each with a final newline. It lies in `buffer`.
std::span<const char> read_lines(const ByteSource& source, const CsvLayout& layout,
                                 const Piece& piece, std::vector<char>& buffer) {
  const auto size = static_cast<std::size_t>(piece.end - piece.begin);
  buffer.resize(size);
  source.read(piece.begin, buffer);
  const auto newline = std::find(buffer.begin(), buffer.end(), '\n');
  const bool first = piece.begin == layout.begin;
  if (!first && newline == buffer.end()) {
    return {};
  }
  const std::size_t start = first ? 0 : static_cast<std::size_t>(newline - buffer.begin()) + 1;
  std::int64_t end = piece.end;
  std::size_t searched = size;
  for (std::int64_t chunk = 4096; end < layout.end; chunk *= 2) {
    const auto found =
        std::find(buffer.begin() + static_cast<std::ptrdiff_t>(searched), buffer.end(), '\n');
    if (found != buffer.end()) {
      buffer.erase(found + 1, buffer.end());
      return std::span(buffer).subspan(start);
    }
    searched = buffer.size();
    if (end - piece.end > kLongestCsvLine) {
      throw DataError(str(source.name(), ":",
                          layout.first_line + piece.first_row_here + piece.rows - 1,
                          ": expected lines of at most ", kLongestCsvLine >> 20,
                          " MiB, found a longer one. Is this a CSV file?"));
    }
    const auto count = std::min(chunk, layout.end - end);
    buffer.resize(searched + static_cast<std::size_t>(count));
    source.read(end, std::span(buffer).subspan(searched));
    end += count;
  }
  const auto found =
      std::find(buffer.begin() + static_cast<std::ptrdiff_t>(searched), buffer.end(), '\n');
  buffer.erase(found, buffer.end());
  buffer.push_back('\n');
  return std::span(buffer).subspan(start);
}

std::vector<CsvLayout> agreed_layouts(std::span<const SourcePtr> files,
                                      const ReadOptions& options) {
  std::vector<CsvLayout> layouts;
  for (const SourcePtr& file : files) {
    layouts.push_back(detect_csv_layout(*file, options.label, options.features));
    const CsvLayout& first = layouts.front();
    const CsvLayout& here = layouts.back();
    if (here.columns != first.columns) {
      throw DataError(str(file->name(), ":1: expected ", first.columns, " columns as in ",
                          files.front()->name(), ", found ", here.columns,
                          ". Keep files of different columns in different folders."));
    }
    if (here.label != first.label ||
        (!here.names.empty() && !first.names.empty() && here.names != first.names)) {
      throw DataError(str(file->name(), ":1: expected the columns named and ordered as in ",
                          files.front()->name(),
                          ", found another header. Write both with the same columns."));
    }
  }
  return layouts;
}

}  // namespace

bool is_csv(std::string_view head) {
  return !head.empty() && std::none_of(head.begin(), head.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x7f || (byte < 0x20 && c != '\n' && c != '\r' && c != '\t');
  });
}

Samples read_csv(std::span<const SourcePtr> files, const ReadOptions& options) {
  const auto layouts = agreed_layouts(files, options);
  auto pieces = cut(layouts, std::max<std::int64_t>(1, options.piece_bytes));
  const auto cores = options.threads > 0 ? options.threads : usable_cores();
  const auto threads =
      static_cast<int>(std::min<std::int64_t>(cores, static_cast<std::int64_t>(pieces.size())));
  count_rows(files, layouts, pieces, threads);

  Samples samples;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::size_t file = pieces[i].file;
    if (i == 0 || file != pieces[i - 1].file) {
      samples.parts.push_back({files[file]->name(), 0, layouts[file].first_line});
    }
    samples.parts.back().count += pieces[i].rows;
    samples.count += pieces[i].rows;
  }
  const bool labelled = layouts.front().label >= 0;
  const std::int64_t width = layouts.front().columns - (labelled ? 1 : 0);
  // A row without a label consists of real numbers only, like a row for regression.
  const bool regression = options.task == Task::regression || !labelled;
  samples.shape = {width};
  samples.features = allocate_aligned<float>(samples.count * width);
  if (labelled && regression) {
    samples.targets = allocate_aligned<float>(samples.count);
  } else if (labelled) {
    samples.labels = allocate_aligned<std::int64_t>(samples.count);
  }

  std::vector<std::vector<char>> buffers(static_cast<std::size_t>(threads));
  const auto parse_piece = [&](std::int64_t index, int thread) {
    const Piece& piece = pieces[static_cast<std::size_t>(index)];
    const CsvLayout& layout = layouts[piece.file];
    const ByteSource& source = *files[piece.file];
    const auto text = read_lines(source, layout, piece, buffers[static_cast<std::size_t>(thread)]);
    const char* p = text.data();
    for (std::int64_t i = 0; i < piece.rows; ++i) {
      const std::int64_t row = piece.first_row + i;
      float* const features = samples.features.get() + row * width;
      float none = 0;
      const char* const end =
          regression ? parse_csv_row(p, layout, features, labelled ? samples.targets[row] : none)
                     : parse_csv_row(p, layout, features, samples.labels[row]);
      if (end == nullptr) {
        const std::int64_t line = layout.first_line + piece.first_row_here + i;
        const auto length = std::find(p, text.data() + text.size(), '\n') - p;
        const bool last = piece.first_row_here + i + 1 == samples.parts[piece.file].count;
        const bool unfinished = last && layout.end == source.size();
        throw DataError(str(source.name(), ":", line, ": ",
                            explain_csv_row({p, static_cast<std::size_t>(length)}, layout,
                                            regression, unfinished)));
      }
      p = end;
    }
  };
  parallel_for(static_cast<std::int64_t>(pieces.size()), threads, parse_piece);
  return samples;
}

}  // namespace dga
