// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv/parse.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>

#include "dga/base/error.h"
#include "dga/base/parallel_for.h"
#include "dga/base/topology.h"
#include "dga/data/formats/csv/pieces.h"
#include "dga/data/formats/csv/rows.h"
#include "dga/data/line_numbers.h"

namespace dga {
namespace {

using Slot = TableLayout::Slot;

std::int64_t line_of(const TablePiece& piece, std::span<const char> text, const char* p) {
  return piece.first_line + std::count(text.data(), p, '\n');
}

[[noreturn]] void fail(const TableReading& reading, const TablePiece& piece,
                       std::span<const char> text, const char* p) {
  const TableLayout& layout = reading.layouts[piece.file];
  const ByteSource& source = *reading.files[piece.file];
  const char* const end = text.data() + text.size();
  CsvRecord record(layout.head.separator);
  const bool last = piece.end == layout.head.end && record.split(p, end) == end;
  const bool unfinished = last && layout.head.end == source.size();
  throw DataError(
      str(source.name(), ":", line_of(piece, text, p), ": ",
          explain_csv_record(p, end, layout, line_of(piece, text, p) == layout.head.first_line,
                             unfinished)));
}

/// Which of the columns that are left out as an index the file has.
std::vector<std::size_t> indices_in(const TableLayout& layout) {
  std::vector<std::size_t> indices;
  for (const TableLayout::Use& use : layout.uses) {
    if (use.slot == Slot::index) {
      indices.push_back(static_cast<std::size_t>(use.position));
    }
  }
  return indices;
}

/// What a thread uses for all its pieces.
struct CsvThread {
  std::vector<char> buffer = {};
  std::vector<float> row = {};  // of samples that stay in the files
  FeatureRanges ranges;
};

void parse_piece(TableReading& reading, std::size_t index, std::size_t thread, CsvThread& own) {
  const TablePiece& piece = reading.pieces[index];
  const TableLayout& layout = reading.layouts[piece.file];
  TableReading::Piece& result = reading.results[index];
  TableReading::Codes& codes = reading.codes[thread];
  result.codes = thread;
  const bool in_place = reading.options.in_place;
  const bool keep_lines = layout.quoted || layout.missing == Missing::drop;
  const auto text = text_of(*reading.files[piece.file], piece, own.buffer);
  CsvRows rows(layout, text);
  std::vector<std::int64_t> integers(reading.index_columns.size());
  result.index.assign(integers.size(), {});
  const std::vector<std::size_t> indices = indices_in(layout);
  std::int64_t line = piece.first_line;
  for (std::int64_t i = 0; i < piece.rows; ++i) {
    const std::int64_t at = piece.first_row + result.rows;
    if (in_place) {
      add_mark(result.marks, {.sample = result.rows,
                              .file = piece.file,
                              .offset = piece.begin + (rows.position() - text.data())});
    }
    const CsvRow row{
        .features = in_place ? own.row.data() : reading.samples.features.get() + at * reading.width,
        .label = reading.samples.labels ? &reading.samples.labels[at] : nullptr,
        .target = reading.samples.targets ? &reading.samples.targets[at] : nullptr,
        .texts = &codes.texts,
        .label_texts = &codes.label_texts,
        .padded = &codes.padded,
        .index = integers.data()};
    const CsvOutcome outcome = rows.next(row);
    if (outcome == CsvOutcome::text_label) {
      throw TextLabel{
          str(reading.files[piece.file]->name(), ":", line_of(piece, text, rows.begin())),
          std::string(rows.fields()[static_cast<std::size_t>(layout.label)].text)};
    }
    if (outcome == CsvOutcome::wrong) {
      fail(reading, piece, text, rows.begin());
    }
    if (outcome == CsvOutcome::dropped ||
        (!rows.plain() &&
         std::any_of(row.features, row.features + reading.width, [](float x) { return x != x; }))) {
      ++result.missing;
    }
    if (outcome == CsvOutcome::read) {
      own.ranges.add(row.features);
      for (const std::size_t at_index : indices) {
        result.index[at_index].add(integers[at_index]);
      }
      if (keep_lines) {
        keep_line(result.lines, piece.first_line, result.rows, line);
      }
      ++result.rows;
    }
    if (keep_lines) {
      line += std::count(rows.begin(), rows.position(), '\n');
    }
  }
}

CsvRowBuffer row_buffer(const TableReading& reading) {
  return {static_cast<std::size_t>(reading.width), reading.index_columns.size()};
}

/// Reads the next record of a piece that parse_piece has read. False if it is left out.
bool read_again(const TableReading& reading, const TablePiece& piece, std::span<const char> text,
                CsvRows& rows, const CsvRow& into) {
  const CsvOutcome outcome = rows.next(into);
  if (outcome == CsvOutcome::wrong || outcome == CsvOutcome::text_label) {
    fail(reading, piece, text, rows.begin());
  }
  return outcome == CsvOutcome::read;
}

/// Reads the samples of a piece that parse_piece has read, each into `row`, and calls use(text, p):
/// `p` is where the sample begins in the text of the piece.
template <typename Use>
void read_piece_again(const TableReading& reading, const TablePiece& piece,
                      std::vector<char>& buffer, CsvRowBuffer& row, Use use) {
  const auto text = text_of(*reading.files[piece.file], piece, buffer);
  CsvRows rows(reading.layouts[piece.file], text);
  const CsvRow into = row.row();
  for (std::int64_t i = 0; i < piece.rows; ++i) {
    if (read_again(reading, piece, text, rows, into)) {
      use(text, rows.begin());
    }
  }
}

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// The layouts of the files with some features, and perhaps the target, as f64.
std::vector<TableLayout> wide_layouts(const TableReading& reading,
                                      const std::vector<std::int64_t>& features, bool target) {
  std::vector<TableLayout> layouts = reading.layouts;
  for (TableLayout& layout : layouts) {
    for (TableLayout::Use& use : layout.uses) {
      const auto wanted = std::find(features.begin(), features.end(), use.position);
      if (use.slot == Slot::number && wanted != features.end()) {
        use = {Slot::wide, wanted - features.begin()};
      } else if (use.slot == Slot::label && target) {
        use = {Slot::wide, std::ssize(features)};
      }
    }
  }
  return layouts;
}

}  // namespace

void parse_csv(TableReading& reading, bool text_labels) {
  reading.threads = threads_or_cores(reading.options.threads);
  reading.pieces = cut_csv(reading.files, reading.layouts,
                           std::max<std::int64_t>(1, reading.options.piece_bytes), reading.threads);
  reading.threads =
      static_cast<int>(std::min<std::int64_t>(reading.threads, std::ssize(reading.pieces)));
  std::int64_t rows = 0;
  for (const TablePiece& piece : reading.pieces) {
    rows += piece.rows;
  }
  reading.start_samples(rows, text_labels);
  const auto width = static_cast<std::size_t>(reading.width);
  reading.start_codes(static_cast<std::size_t>(reading.threads));
  reading.ranges = FeatureRanges(width);
  std::vector<CsvThread> threads(
      static_cast<std::size_t>(reading.threads),
      {.row = std::vector<float>(reading.options.in_place ? width : 0), .ranges = reading.ranges});
  parallel_for(std::ssize(reading.pieces), reading.threads, [&](std::int64_t index, int thread) {
    const auto at = static_cast<std::size_t>(thread);
    parse_piece(reading, static_cast<std::size_t>(index), at, threads[at]);
  });
  for (const CsvThread& thread : threads) {
    reading.ranges.add(thread.ranges);
  }
}

std::vector<WideColumn> read_csv_wide(TableReading& reading,
                                      const std::vector<std::int64_t>& features, bool target,
                                      std::int64_t rows) {
  const std::vector<TableLayout> layouts = wide_layouts(reading, features, target);
  const std::vector<WidePart> parts = wide_parts(reading, rows);
  const std::size_t columns = features.size() + (target ? 1 : 0);
  std::vector<WideColumn> wide =
      columns_for(features, target, parts.back().at + parts.back().rows, kNone);
  std::vector<std::vector<MergedNumbers>> merged(static_cast<std::size_t>(reading.threads),
                                                 std::vector<MergedNumbers>(columns));
  std::vector<std::vector<char>> buffers(merged.size());
  parallel_for(std::ssize(parts), reading.threads, [&](std::int64_t index, int thread) {
    const WidePart& part = parts[static_cast<std::size_t>(index)];
    const TablePiece& piece = reading.pieces[part.piece];
    const TableLayout& layout = layouts[piece.file];
    const auto text =
        text_of(*reading.files[piece.file], piece, buffers[static_cast<std::size_t>(thread)]);
    CsvRows records(layout, text);
    CsvRowBuffer row = row_buffer(reading);
    std::vector<double> values(columns);
    std::vector<std::string_view> cells(columns);
    CsvRow into = row.row();
    into.wide = values.data();
    into.wide_texts = cells.data();
    auto at = static_cast<std::size_t>(part.at);
    const auto end = static_cast<std::size_t>(part.at + part.rows);
    for (std::int64_t i = 0; i < piece.rows && at < end; ++i) {
      if (!read_again(reading, piece, text, records, into)) {
        continue;
      }
      for (std::size_t c = 0; c < columns; ++c) {
        wide[c].values[at] = values[c];
        if (!std::isnan(values[c])) {
          merged[static_cast<std::size_t>(thread)][c].add(cells[c], layout.decimal, values[c]);
        }
      }
      ++at;
    }
  });
  mark_merged(wide, merged);
  return wide;
}

void for_each_csv_row(TableReading& reading, const UseRow& use) {
  CsvRowBuffer row = row_buffer(reading);
  std::vector<char> buffer;
  std::int64_t sample = 0;
  for (const TablePiece& piece : reading.pieces) {
    read_piece_again(reading, piece, buffer, row, [&](std::span<const char>, const char*) {
      use(sample++, row.features.data(), row.texts);
    });
  }
}

void for_each_csv_index(TableReading& reading, std::size_t file, const UseIndex& use) {
  CsvRowBuffer row = row_buffer(reading);
  std::vector<char> buffer;
  for (const TablePiece& piece : reading.pieces) {
    if (piece.file == file) {
      read_piece_again(reading, piece, buffer, row, [&](std::span<const char> text, const char* p) {
        use(line_of(piece, text, p), row.index.data());
      });
    }
  }
}

}  // namespace dga
