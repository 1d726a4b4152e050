// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv/parse.h"

#include <algorithm>
#include <span>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/parallel_for.h"
#include "dga/base/topology.h"
#include "dga/data/aligned.h"
#include "dga/data/formats/csv/row.h"

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
  FeatureRanges& range = reading.ranges[static_cast<std::size_t>(thread)];
  result.texts.resize(reading.has_categories ? static_cast<std::size_t>(reading.width) : 0);
  const bool keep_lines = layout.quoted || layout.missing == Missing::drop;
  const auto text =
      text_of(*reading.files[piece.file], piece, reading.buffers[static_cast<std::size_t>(thread)]);
  const char* p = text.data();
  const char* const end = p + text.size();
  CsvRecord record(layout.head.separator);
  std::int64_t line = piece.first_line;
  const bool fast = !layout.text_labels && layout.decimal == '.';
  for (std::int64_t i = 0; i < piece.rows; ++i) {
    const std::int64_t at = piece.first_row + result.rows;
    CsvRow row{.features = reading.samples.features.get() + at * reading.width,
               .label = reading.samples.labels ? &reading.samples.labels[at] : nullptr,
               .target = reading.samples.targets ? &reading.samples.targets[at] : nullptr,
               .texts = &result.texts,
               .label_texts = &result.label_texts};
    const char* next = fast ? parse_csv_numbers(p, layout, row) : nullptr;
    CsvOutcome outcome = CsvOutcome::read;
    if (next == nullptr) {
      outcome = parse_csv_record(p, end, layout, row, record, next);
      if (outcome == CsvOutcome::text_label) {
        throw CsvTextLabel{
            str(reading.files[piece.file]->name(), ":", line_of(piece, text, p)),
            std::string(record.fields()[static_cast<std::size_t>(layout.label)].text)};
      }
      if (outcome == CsvOutcome::wrong) {
        fail(reading, piece, text, p);
      }
      if (outcome == CsvOutcome::dropped ||
          std::any_of(row.features, row.features + reading.width, [](float x) { return x != x; })) {
        ++result.missing;
      }
    }
    if (outcome == CsvOutcome::read) {
      range.add(row.features);
      if (keep_lines) {
        result.lines.push_back(line);
      }
      ++result.rows;
    }
    if (keep_lines) {
      line += std::count(p, next, '\n');
    }
    p = next;
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
  reading.samples.features = allocate_aligned<float>(rows * reading.width);
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
  reading.buffers.resize(static_cast<std::size_t>(reading.threads));
  reading.ranges.assign(static_cast<std::size_t>(reading.threads),
                        FeatureRanges(static_cast<std::size_t>(reading.width)));
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
                              reading.buffers[static_cast<std::size_t>(thread)]);
    const char* p = text.data();
    CsvRecord record(layout.head.separator);
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
      const char* next = nullptr;
      const CsvOutcome outcome =
          parse_csv_record(p, text.data() + text.size(), layout, into, record, next);
      if (outcome == CsvOutcome::wrong || outcome == CsvOutcome::text_label) {
        fail(reading, piece, text, p);
      }
      if (outcome == CsvOutcome::read) {
        for (std::size_t c = 0; c < columns; ++c) {
          values[c][at] = wide[c];
        }
        ++at;
      }
      p = next;
    }
  });
  return values;
}

}  // namespace dga
