// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/parquet/parse.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <new>
#include <numeric>
#include <utility>

#include "dga/base/available_memory.h"
#include "dga/base/error.h"
#include "dga/base/parallel_for.h"
#include "dga/base/topology.h"
#include "dga/data/formats/table/explain_cell.h"

namespace dga {
namespace {

using Slot = TableLayout::Slot;

/// The pieces are the row groups.
void find_pieces(TableReading& reading, ParquetReading& parquet) {
  reading.pieces.clear();
  parquet.groups.clear();
  std::int64_t row = 0;
  for (std::size_t file = 0; file < parquet.files.size(); ++file) {
    std::int64_t in_file = 0;
    const std::vector<std::int64_t>& groups = parquet.files[file].groups;
    for (std::size_t group = 0; group < groups.size(); ++group) {
      reading.pieces.push_back(
          {.file = file, .rows = groups[group], .first_row = row, .first_line = in_file});
      parquet.groups.push_back(static_cast<int>(group));
      if (__builtin_add_overflow(row, groups[group], &row)) {
        throw std::bad_alloc();
      }
      in_file += groups[group];
    }
  }
}

/// What is wrong with a cell that cannot be read as its column is used.
ParquetFault fault_of(const TableLayout& layout, std::size_t column, std::int64_t row,
                      const ParquetCells& cells, std::size_t cell) {
  ParquetFault fault{.row = row, .column = column, .is_cell = true};
  const auto number = static_cast<std::int64_t>(column);
  fault.reason = explain_cell(cells.text(cell), layout, number, layout.head.describe(number));
  return fault;
}

/// Reads the cells of one column into the samples of its piece.
class CellStore {
 public:
  CellStore(TableReading& reading, const ParquetReading& parquet, std::size_t piece,
            ParquetFault& fault)
      : reading_(reading),
        layout_(reading.layouts[reading.pieces[piece].file]),
        left_out_(parquet.left_out[piece]),
        first_(reading.pieces[piece].first_row),
        codes_(reading.codes[reading.results[piece].codes]),
        fault_(fault) {
    if (!left_out_.empty()) {
      std::int64_t at = 0;
      places_.reserve(left_out_.size());
      for (const std::uint8_t out : left_out_) {
        places_.push_back(at);
        at += out == 0 ? 1 : 0;
      }
    }
  }

  void operator()(std::size_t column, std::int64_t row, const ParquetCells& cells) {
    const TableLayout::Use use = layout_.uses[column];
    for (std::int64_t i = 0; i < cells.count(); ++i) {
      const auto cell = static_cast<std::size_t>(i);
      const std::int64_t at = row + i;
      if (!left_out_.empty() && left_out_[static_cast<std::size_t>(at)] != 0) {
        continue;
      }
      const std::int64_t sample =
          first_ + (places_.empty() ? at : places_[static_cast<std::size_t>(at)]);
      if (cells.missing(cell)) {
        if (use.slot == Slot::number && layout_.missing == Missing::mean) {
          feature(sample, use) = std::numeric_limits<float>::quiet_NaN();
        } else {
          fault_.add(fault_of(layout_, column, at, cells, cell));
          return;
        }
      } else if (!put(sample, use, cells, cell)) {
        const bool text =
            use.slot == Slot::label && error_ == NumberError::not_a_number && !layout_.regression;
        fault_.add(text ? ParquetFault{.row = at,
                                       .column = column,
                                       .text_label = cells.text(cell),
                                       .is_text_label = true}
                        : fault_of(layout_, column, at, cells, cell));
        return;
      }
    }
  }

 private:
  float& feature(std::int64_t sample, const TableLayout::Use& use) const {
    return reading_.samples.features[sample * reading_.width + use.position];
  }
  std::int64_t code(TextCodes& texts, const ParquetCells& cells, std::size_t cell) const {
    return cells.kind() == ParquetKind::text ? texts.code(cells.view(cell))
                                             : texts.code(cells.text(cell));
  }
  bool put(std::int64_t sample, const TableLayout::Use& use, const ParquetCells& cells,
           std::size_t cell) {
    error_ = NumberError::none;
    if (use.slot == Slot::number) {
      error_ = cells.number(cell, layout_.decimal, feature(sample, use));
    } else if (use.slot == Slot::category) {
      feature(sample, use) = static_cast<float>(
          code(codes_.texts[static_cast<std::size_t>(use.position)], cells, cell));
    } else if (layout_.text_labels) {
      reading_.samples.labels[sample] = code(codes_.label_texts, cells, cell);
    } else if (layout_.regression) {
      error_ = cells.number(cell, layout_.decimal, reading_.samples.targets[sample]);
    } else {
      error_ = cells.number(cell, layout_.decimal, reading_.samples.labels[sample]);
      if (error_ == NumberError::none && cells.kind() == ParquetKind::text) {
        codes_.padded.add(cells.view(cell));
      }
    }
    return error_ == NumberError::none;
  }

  TableReading& reading_;
  const TableLayout& layout_;
  const std::vector<std::uint8_t>& left_out_;
  std::int64_t first_;
  TableReading::Codes& codes_;
  ParquetFault& fault_;
  std::vector<std::int64_t> places_;  // by row: its place among those that are kept
  NumberError error_ = NumberError::none;
};

/// Finds the rows with a missing value, before anything else is read: a sample that is left out
/// defines no class and no category.
void find_left_out(TableReading& reading, ParquetReading& parquet,
                   const std::vector<ParquetShare>& shares,
                   const std::function<std::int64_t(std::size_t)>& rows) {
  std::vector<std::vector<std::uint8_t>> parts(shares.size());
  scan_parquet_shares(reading, parquet, shares, rows, [&](std::size_t task, ParquetFault&) {
    parts[task].resize(static_cast<std::size_t>(reading.pieces[shares[task].piece].rows));
    return [&part = parts[task]](std::size_t, std::int64_t row, const ParquetCells& cells) {
      for (std::int64_t i = 0; i < cells.count(); ++i) {
        if (cells.missing(static_cast<std::size_t>(i))) {
          part[static_cast<std::size_t>(row + i)] = 1;
        }
      }
    };
  });
  for (std::size_t i = 0; i < shares.size(); ++i) {
    std::vector<std::uint8_t>& all = parquet.left_out[shares[i].piece];
    if (all.empty()) {
      all = std::move(parts[i]);
    } else {
      std::transform(all.begin(), all.end(), parts[i].begin(), all.begin(), std::bit_or<>());
    }
  }
}

void check_parquet_memory(const TableReading& reading, std::int64_t rows) {
  const double bytes = static_cast<double>(rows) * (static_cast<double>(reading.width) * 4 + 8);
  const auto free = static_cast<double>(available_memory().machine);
  if (bytes > free) {
    throw DataError(str(reading.files.front()->name(),
                        ": expected samples that fit into memory, found ", rows, " of ",
                        reading.width, " features, which need ", memory_text(bytes), ", where ",
                        memory_text(free), " are free. Use fewer files or columns, or a machine ",
                        "with more memory."));
  }
}

/// Counts rows and missing values of each piece, and finds the ranges of the features.
void finish_parquet(TableReading& reading, const ParquetReading& parquet) {
  constexpr std::int64_t kRows = 16'384;
  struct Part {
    std::size_t piece;
    std::int64_t begin;
    std::int64_t end;
    std::int64_t missing = 0;
  };
  std::vector<Part> parts;
  for (std::size_t piece = 0; piece < reading.pieces.size(); ++piece) {
    TableReading::Piece& result = reading.results[piece];
    const std::vector<std::uint8_t>& out = parquet.left_out[piece];
    const auto dropped = std::count(out.begin(), out.end(), 1);
    result.rows = reading.pieces[piece].rows - dropped;
    result.missing = dropped;
    for (std::size_t row = 0; row < out.size(); ++row) {
      if (out[row] == 0) {
        result.lines.push_back(reading.pieces[piece].first_line + static_cast<std::int64_t>(row));
      }
    }
    for (std::int64_t row = 0; row < result.rows; row += kRows) {
      parts.push_back({piece, row, std::min(row + kRows, result.rows)});
    }
  }
  reading.ranges = FeatureRanges(static_cast<std::size_t>(reading.width));
  std::vector<FeatureRanges> ranges(static_cast<std::size_t>(reading.threads), reading.ranges);
  parallel_for(std::ssize(parts), reading.threads, [&](std::int64_t index, int thread) {
    Part& part = parts[static_cast<std::size_t>(index)];
    FeatureRanges& range = ranges[static_cast<std::size_t>(thread)];
    const float* sample = reading.samples.features.get() +
                          (reading.pieces[part.piece].first_row + part.begin) * reading.width;
    for (std::int64_t row = part.begin; row < part.end; ++row, sample += reading.width) {
      range.add(sample);
      if (reading.layouts.front().missing == Missing::mean &&
          std::any_of(sample, sample + reading.width, [](float x) { return x != x; })) {
        ++part.missing;
      }
    }
  });
  for (const FeatureRanges& range : ranges) {
    reading.ranges.add(range);
  }
  for (const Part& part : parts) {
    reading.results[part.piece].missing += part.missing;
  }
}

}  // namespace

void parse_parquet(TableReading& reading, ParquetReading& parquet, bool text_labels) {
  find_pieces(reading, parquet);
  reading.threads = threads_or_cores(reading.options.threads);
  const std::int64_t rows = reading.pieces.back().first_row + reading.pieces.back().rows;
  check_parquet_memory(reading, rows);
  reading.start_samples(rows, text_labels);
  const std::size_t pieces = reading.pieces.size();
  // A piece has codes of its own: threads share it by columns, and take turns at its parts.
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    reading.results[piece].codes = piece;
  }
  reading.start_codes(pieces);
  std::vector<std::size_t> all_pieces(pieces);
  std::iota(all_pieces.begin(), all_pieces.end(), std::size_t{0});
  const std::vector<ParquetShare> shares = parquet_shares(
      reading, [](const TableLayout::Use& use) { return use.slot != Slot::skip; }, all_pieces);
  const auto all = [&](std::size_t piece) { return reading.pieces[piece].rows; };
  parquet.left_out.assign(pieces, {});
  if (reading.layouts.front().missing == Missing::drop) {
    find_left_out(reading, parquet, shares, all);
  }
  scan_parquet_shares(reading, parquet, shares, all, [&](std::size_t task, ParquetFault& fault) {
    return CellStore(reading, parquet, shares[task].piece, fault);
  });
  finish_parquet(reading, parquet);
}

std::vector<WideColumn> read_parquet_wide(TableReading& reading, const ParquetReading& parquet,
                                          const std::vector<std::int64_t>& features, bool target,
                                          std::int64_t rows) {
  // By feature, and last the target: where its values go.
  std::vector<std::int64_t> places = feature_positions(features, reading.width);
  places.push_back(target ? std::ssize(features) : -1);
  const auto place_of = [&](const TableLayout::Use& use) {
    return use.slot == Slot::number  ? places[static_cast<std::size_t>(use.position)]
           : use.slot == Slot::label ? places.back()
                                     : -1;
  };
  const std::vector<WidePart> parts = wide_parts(reading, rows);
  std::vector<std::size_t> pieces;
  std::vector<const WidePart*> part_of(reading.pieces.size());
  for (const WidePart& part : parts) {
    pieces.push_back(part.piece);
    part_of[part.piece] = &part;
  }
  const std::size_t columns = features.size() + (target ? 1 : 0);
  std::vector<WideColumn> wide =
      columns_for(features, target, parts.back().at + parts.back().rows, 0);
  // By piece, which no two threads read the same column of.
  std::vector<std::vector<MergedNumbers>> merged(reading.pieces.size(),
                                                 std::vector<MergedNumbers>(columns));
  const std::vector<ParquetShare> shares = parquet_shares(
      reading, [&](const TableLayout::Use& use) { return place_of(use) >= 0; }, pieces);
  const auto needed = [&](std::size_t piece) {
    const bool whole = !parquet.left_out[piece].empty();  // kept rows may be anywhere
    return whole ? reading.pieces[piece].rows : part_of[piece]->rows;
  };
  scan_parquet_shares(reading, parquet, shares, needed, [&](std::size_t task, ParquetFault& fault) {
    const std::size_t piece = shares[task].piece;
    const TableLayout& layout = reading.layouts[reading.pieces[piece].file];
    return [&, piece](std::size_t column, std::int64_t row, const ParquetCells& cells) {
      const std::vector<std::uint8_t>& out = parquet.left_out[piece];
      const std::int64_t end = part_of[piece]->at + part_of[piece]->rows;
      std::int64_t at = part_of[piece]->at + row;
      if (!out.empty()) {
        at -= std::count(out.begin(), out.begin() + row, 1);
      }
      const auto place = static_cast<std::size_t>(place_of(layout.uses[column]));
      for (std::int64_t i = 0; i < cells.count() && at < end; ++i) {
        const auto cell = static_cast<std::size_t>(i);
        if (!out.empty() && out[static_cast<std::size_t>(row + i)] != 0) {
          continue;
        }
        double& value = wide[place].values[static_cast<std::size_t>(at++)];
        if (cells.missing(cell)) {
          value = std::numeric_limits<double>::quiet_NaN();
        } else if (cells.number(cell, layout.decimal, value) != NumberError::none) {
          fault.add(fault_of(layout, column, row + i, cells, cell));
          return;
        } else {
          cells.add_to(merged[piece][place], cell, layout.decimal, value);
        }
      }
    };
  });
  mark_merged(wide, merged);
  return wide;
}

}  // namespace dga
