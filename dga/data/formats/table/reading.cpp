// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/table/reading.h"

#include <algorithm>

#include "dga/base/error.h"
#include "dga/data/aligned.h"
#include "dga/data/origins.h"

namespace dga {

const Column& TableReading::column_of(std::int64_t feature) const {
  const std::int64_t column = feature_columns[static_cast<std::size_t>(feature)];
  return samples.columns.all[static_cast<std::size_t>(column)];
}

Column& TableReading::column_of(std::int64_t feature) {
  const std::int64_t column = feature_columns[static_cast<std::size_t>(feature)];
  return samples.columns.all[static_cast<std::size_t>(column)];
}

std::string TableReading::name_of_feature(std::int64_t feature) const {
  const std::string& name = column_of(feature).name;
  const std::string number = str("column ", feature_columns[static_cast<std::size_t>(feature)] + 1);
  return name.empty() || name == number ? number : str("column ", printable(name));
}

std::vector<std::int64_t> TableReading::encoded_offsets() const {
  std::vector<std::int64_t> offsets = {0};
  for (std::int64_t f = 0; f < width; ++f) {
    const Column& column = column_of(f);
    offsets.push_back(offsets.back() +
                      (column.use == ColumnUse::category ? std::ssize(column.categories) : 1));
  }
  return offsets;
}

void TableReading::start_samples(std::int64_t rows, bool text_labels) {
  const bool labelled = layouts.front().label >= 0;
  const bool regression = options.task == Task::regression;
  samples.features = options.in_place ? nullptr : allocate_aligned<float>(rows * width);
  samples.labels = labelled && !regression ? allocate_aligned<std::int64_t>(rows) : nullptr;
  samples.targets = labelled && regression ? allocate_aligned<float>(rows) : nullptr;
  for (TableLayout& layout : layouts) {
    layout.text_labels = text_labels;
  }
  results.assign(pieces.size(), {});
}

void TableReading::start_codes(std::size_t count) {
  const std::size_t columns = has_categories ? static_cast<std::size_t>(width) : 0;
  codes.assign(count, {.texts = std::vector<TextCodes>(columns)});
}

void for_each_row_in_memory(TableReading& reading, const UseRow& use) {
  for_each_sample(reading, [&](std::int64_t sample, std::size_t codes) {
    use(sample, reading.samples.features.get() + sample * reading.width,
        reading.codes[codes].texts);
  });
}

std::vector<WidePart> wide_parts(const TableReading& reading, std::int64_t rows) {
  const std::int64_t pieces = std::ssize(reading.pieces);
  const bool all = rows == reading.samples.count;
  const std::int64_t count =
      all ? pieces : std::min(pieces, std::ssize(spread_samples(rows, reading.samples.count)));
  std::vector<WidePart> parts;
  for (std::int64_t i = 0, at = 0; i < count; ++i) {
    const auto piece = static_cast<std::size_t>(i * pieces / count);
    const std::int64_t in_piece = reading.results[piece].rows;
    parts.push_back({piece, at, all ? in_piece : std::min(in_piece, rows / count)});
    at += parts.back().rows;
  }
  return parts;
}

}  // namespace dga
