// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv/pieces.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "dga/base/parallel_for.h"
#include "dga/data/formats/csv/head.h"
#include "dga/data/formats/csv_record.h"

namespace dga {
namespace {

/// Bytes [begin, end) of a file. A chunk owns the lines that follow its newlines, and the first
/// chunk of a file also owns the first line, so each line has exactly one owner.
struct Chunk {
  std::size_t file = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t newlines = 0;
  std::int64_t first_newline = -1;  // its offset in the file
  bool quotes = false;
};

std::vector<Chunk> chunks_of(const std::vector<TableLayout>& layouts, std::int64_t bytes) {
  std::vector<Chunk> chunks;
  for (std::size_t file = 0; file < layouts.size(); ++file) {
    const TableHead& head = layouts[file].head;
    for (std::int64_t begin = head.begin; begin < head.end;) {
      const auto end = std::min(begin + bytes, head.end);
      chunks.push_back({file, begin, end});
      begin = end;
    }
  }
  return chunks;
}

void look_at(Chunk& chunk, std::span<const char> text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  chunk.quotes = std::memchr(p, '"', text.size()) != nullptr;
  while ((p = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)))) !=
         nullptr) {
    if (chunk.newlines++ == 0) {
      chunk.first_newline = chunk.begin + (p - text.data());
    }
    ++p;
  }
}

/// The pieces of a file without quotes: each line is a record.
std::vector<TablePiece> pieces_of_lines(std::span<const Chunk> chunks, const TableHead& head) {
  std::vector<TablePiece> pieces;
  std::int64_t line = head.first_line;
  for (const Chunk& chunk : chunks) {
    const bool first = chunk.begin == head.begin;
    const std::int64_t rows = chunk.newlines + (first ? 1 : 0);
    if (rows == 0) {
      continue;
    }
    const std::int64_t begin = first ? head.begin : chunk.first_newline + 1;
    if (!pieces.empty()) {
      pieces.back().end = begin;
    }
    pieces.push_back(
        {.file = chunk.file, .rows = rows, .first_line = line, .begin = begin, .end = head.end});
    line += rows;
  }
  return pieces;
}

/// The pieces of a file with quotes, found from its beginning to its end.
std::vector<TablePiece> pieces_of_records(const ByteSource& source, std::size_t file,
                                          const TableHead& head, std::int64_t bytes) {
  std::vector<TablePiece> pieces;
  CsvRecordCounter counter(head.separator);
  std::vector<char> buffer;
  std::int64_t record = head.begin;  // where the current record begins
  std::int64_t record_line = head.first_line;
  const auto add_record = [&] {
    if (pieces.empty() || record - pieces.back().begin >= bytes) {
      if (!pieces.empty()) {
        pieces.back().end = record;
      }
      pieces.push_back({.file = file, .first_line = record_line, .begin = record, .end = head.end});
    }
    ++pieces.back().rows;
  };
  for (std::int64_t offset = head.begin; offset < head.end;) {
    const auto count = std::min(std::max<std::int64_t>(bytes, 4096), head.end - offset);
    buffer.resize(static_cast<std::size_t>(count));
    source.read(offset, buffer);
    std::string_view text(buffer.data(), buffer.size());
    while (!text.empty()) {
      const std::size_t consumed = counter.consume(text);
      text.remove_prefix(consumed);
      offset += static_cast<std::int64_t>(consumed);
      if (counter.at_end()) {
        add_record();
        record = offset;
        record_line = head.first_line + counter.lines();
      }
    }
    if (offset - record > kLongestCsvRecord) {
      refuse_long_record(source.name(), record_line);
    }
  }
  add_record();  // the samples do not end in a line end
  return pieces;
}

}  // namespace

std::vector<TablePiece> cut_csv(std::span<const SourcePtr> files, std::vector<TableLayout>& layouts,
                                std::int64_t piece_bytes, int threads) {
  std::vector<Chunk> chunks = chunks_of(layouts, piece_bytes);
  std::vector<std::vector<char>> buffers(static_cast<std::size_t>(threads));
  parallel_for(std::ssize(chunks), threads, [&](std::int64_t index, int thread) {
    Chunk& chunk = chunks[static_cast<std::size_t>(index)];
    auto& buffer = buffers[static_cast<std::size_t>(thread)];
    buffer.resize(static_cast<std::size_t>(chunk.end - chunk.begin));
    files[chunk.file]->read(chunk.begin, buffer);
    look_at(chunk, buffer);
  });
  std::vector<std::vector<TablePiece>> by_file(files.size());
  std::vector<std::size_t> quoted;
  for (auto first = chunks.begin(); first != chunks.end();) {
    const std::size_t file = first->file;
    const auto last =
        std::find_if(first, chunks.end(), [&](const Chunk& chunk) { return chunk.file != file; });
    layouts[file].quoted =
        std::any_of(first, last, [](const Chunk& chunk) { return chunk.quotes; });
    if (layouts[file].quoted) {
      quoted.push_back(file);
    } else {
      by_file[file] = pieces_of_lines({first, last}, layouts[file].head);
    }
    first = last;
  }
  parallel_for(std::ssize(quoted), threads, [&](std::int64_t index, int) {
    const std::size_t file = quoted[static_cast<std::size_t>(index)];
    by_file[file] = pieces_of_records(*files[file], file, layouts[file].head, piece_bytes);
  });
  std::vector<TablePiece> pieces;
  std::int64_t row = 0;
  for (const auto& part : by_file) {
    for (TablePiece piece : part) {
      if (piece.end - piece.begin > kLongestCsvRecord + piece_bytes) {
        refuse_long_record(files[piece.file]->name(), piece.first_line + piece.rows - 1);
      }
      piece.first_row = row;
      row += piece.rows;
      pieces.push_back(piece);
    }
  }
  return pieces;
}

std::span<const char> text_of(const ByteSource& file, const TablePiece& piece,
                              std::vector<char>& buffer) {
  buffer.resize(static_cast<std::size_t>(piece.end - piece.begin));
  file.read(piece.begin, buffer);
  if (buffer.empty() || buffer.back() != '\n') {
    buffer.push_back('\n');
  }
  return buffer;
}

}  // namespace dga
