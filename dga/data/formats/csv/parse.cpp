// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv/parse.h"

#include <algorithm>
#include <span>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/parallel_for.h"
#include "dga/base/topology.h"
#include "dga/data/aligned.h"
#include "dga/data/formats/csv/rows.h"
#include "dga/data/line_numbers.h"

namespace dga {
namespace {

using Slot = CsvLayout::Slot;

std::int64_t line_of(const CsvPiece& piece, std::span<const char> text, const char* p) {
  return piece.first_line + std::count(text.data(), p, '\n');
}

[[noreturn]] void fail(const CsvReading& reading, const CsvPiece& piece, std::span<const char> text,
                       const char* p) {
  const CsvLayout& layout = reading.layouts[piece.file];
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

void parse_piece(CsvReading& reading, std::size_t index, int thread) {
  const CsvPiece& piece = reading.pieces[index];
  const CsvLayout& layout = reading.layouts[piece.file];
  CsvReading::Piece& result = reading.results[index];
  CsvReading::Thread& own = reading.by_thread[static_cast<std::size_t>(thread)];
  result.thread = static_cast<std::size_t>(thread);
  const bool in_place = reading.options.in_place;
  const bool keep_lines = layout.quoted || layout.missing == Missing::drop;
  const auto text = text_of(*reading.files[piece.file], piece, own.buffer);
  CsvRows rows(layout, text);
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
        .texts = &own.texts,
        .label_texts = &own.label_texts};
    const CsvOutcome outcome = rows.next(row);
    if (outcome == CsvOutcome::text_label) {
      throw CsvTextLabel{
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

}  // namespace

void parse_csv(CsvReading& reading, bool text_labels) {
  const auto cores = reading.options.threads > 0 ? reading.options.threads : usable_cores();
  reading.threads = static_cast<int>(std::max<std::int64_t>(1, cores));
  reading.pieces = cut_csv(reading.files, reading.layouts,
                           std::max<std::int64_t>(1, reading.options.piece_bytes), reading.threads);
  reading.threads =
      static_cast<int>(std::min<std::int64_t>(reading.threads, std::ssize(reading.pieces)));
  std::int64_t rows = 0;
  for (const CsvPiece& piece : reading.pieces) {
    rows += piece.rows;
  }
  const bool labelled = reading.layouts.front().label >= 0;
  reading.samples.features =
      reading.options.in_place ? nullptr : allocate_aligned<float>(rows * reading.width);
  reading.samples.labels = nullptr;
  reading.samples.targets = nullptr;
  if (labelled && reading.options.task == Task::regression) {
    reading.samples.targets = allocate_aligned<float>(rows);
  } else if (labelled) {
    reading.samples.labels = allocate_aligned<std::int64_t>(rows);
  }
  for (CsvLayout& layout : reading.layouts) {
    layout.text_labels = text_labels;
  }
  reading.results.assign(reading.pieces.size(), {});
  const auto width = static_cast<std::size_t>(reading.width);
  reading.by_thread.assign(static_cast<std::size_t>(reading.threads),
                           {.row = std::vector<float>(reading.options.in_place ? width : 0),
                            .ranges = FeatureRanges(width),
                            .texts = std::vector<CsvTexts>(reading.has_categories ? width : 0)});
  parallel_for(std::ssize(reading.pieces), reading.threads, [&](std::int64_t index, int thread) {
    parse_piece(reading, static_cast<std::size_t>(index), thread);
  });
}

std::vector<std::vector<double>> read_csv_wide(CsvReading& reading,
                                               const std::vector<std::int64_t>& features,
                                               bool target, std::int64_t rows) {
  const std::size_t columns = features.size() + (target ? 1 : 0);
  std::vector<std::vector<double>> values(columns,
                                          std::vector<double>(static_cast<std::size_t>(rows)));
  std::vector<CsvLayout> layouts = reading.layouts;
  for (CsvLayout& layout : layouts) {
    for (std::size_t c = 0; c < layout.uses.size(); ++c) {
      CsvLayout::Use& use = layout.uses[c];
      const auto wanted = std::find(features.begin(), features.end(), use.position);
      if (use.slot == Slot::number && wanted != features.end()) {
        use = {Slot::wide, wanted - features.begin()};
      } else if (use.slot == Slot::label && target) {
        use = {Slot::wide, std::ssize(features)};
      }
    }
  }
  std::vector<std::int64_t> first_rows;  // of the pieces that are needed
  std::int64_t row = 0;
  for (const CsvReading::Piece& result : reading.results) {
    if (row < rows) {
      first_rows.push_back(row);
    }
    row += result.rows;
  }
  parallel_for(std::ssize(first_rows), reading.threads, [&](std::int64_t index, int thread) {
    const CsvPiece& piece = reading.pieces[static_cast<std::size_t>(index)];
    const CsvLayout& layout = layouts[piece.file];
    const auto text = text_of(*reading.files[piece.file], piece,
                              reading.by_thread[static_cast<std::size_t>(thread)].buffer);
    CsvRows records(layout, text);
    std::vector<float> numbers(static_cast<std::size_t>(reading.width));
    std::vector<double> wide(columns);
    std::vector<CsvTexts> texts(static_cast<std::size_t>(reading.width));
    CsvTexts label_texts;
    std::int64_t label = 0;
    float number = 0;
    const CsvRow into{.features = numbers.data(),
                      .label = &label,
                      .target = &number,
                      .wide = wide.data(),
                      .texts = &texts,
                      .label_texts = &label_texts};
    auto at = static_cast<std::size_t>(first_rows[static_cast<std::size_t>(index)]);
    for (std::int64_t i = 0; i < piece.rows && std::cmp_less(at, rows); ++i) {
      const CsvOutcome outcome = records.next(into);
      if (outcome == CsvOutcome::wrong || outcome == CsvOutcome::text_label) {
        fail(reading, piece, text, records.begin());
      }
      if (outcome == CsvOutcome::read) {
        for (std::size_t c = 0; c < columns; ++c) {
          values[c][at] = wide[c];
        }
        ++at;
      }
    }
  });
  return values;
}

void for_each_csv_row(CsvReading& reading, const UseCsvRow& use) {
  std::vector<float> columns(static_cast<std::size_t>(reading.width));
  std::vector<CsvTexts> texts(columns.size());
  CsvTexts label_texts;
  std::int64_t label = 0;
  float target = 0;
  const CsvRow into{.features = columns.data(),
                    .label = &label,
                    .target = &target,
                    .texts = &texts,
                    .label_texts = &label_texts};
  std::int64_t sample = 0;
  for (const CsvPiece& piece : reading.pieces) {
    const auto text = text_of(*reading.files[piece.file], piece, reading.by_thread.front().buffer);
    CsvRows rows(reading.layouts[piece.file], text);
    for (std::int64_t i = 0; i < piece.rows; ++i) {
      const CsvOutcome outcome = rows.next(into);
      if (outcome == CsvOutcome::wrong || outcome == CsvOutcome::text_label) {
        fail(reading, piece, text, rows.begin());
      }
      if (outcome == CsvOutcome::read) {
        use(sample++, columns.data(), texts);
      }
    }
  }
}

}  // namespace dga
