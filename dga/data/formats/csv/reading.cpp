// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv/reading.h"

#include "dga/base/error.h"

namespace dga {

const Column& CsvReading::column_of(std::int64_t feature) const {
  const std::int64_t column = feature_columns[static_cast<std::size_t>(feature)];
  return samples.columns.all[static_cast<std::size_t>(column)];
}

Column& CsvReading::column_of(std::int64_t feature) {
  const std::int64_t column = feature_columns[static_cast<std::size_t>(feature)];
  return samples.columns.all[static_cast<std::size_t>(column)];
}

std::string CsvReading::name_of_feature(std::int64_t feature) const {
  const std::string& name = column_of(feature).name;
  const std::string number = str("column ", feature_columns[static_cast<std::size_t>(feature)] + 1);
  return name.empty() || name == number ? number : str("column ", printable(name));
}

std::vector<std::int64_t> CsvReading::encoded_offsets() const {
  std::vector<std::int64_t> offsets = {0};
  for (std::int64_t f = 0; f < width; ++f) {
    const Column& column = column_of(f);
    offsets.push_back(offsets.back() +
                      (column.use == ColumnUse::category ? std::ssize(column.categories) : 1));
  }
  return offsets;
}

}  // namespace dga
