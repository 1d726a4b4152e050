// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/table/centre.h"

#include <vector>

#include "dga/base/error.h"
#include "dga/data/centring.h"

namespace dga {
namespace {

/// The origins that the caller gives, by feature of the file instead of the encoded sample.
Origins given_origins(const TableReading& reading) {
  Origins origins = *reading.options.origins;
  if (!origins.features.empty()) {
    const std::vector<std::int64_t> offsets = reading.encoded_offsets();
    if (offsets.back() != std::ssize(origins.features)) {
      throw DataError(str(reading.layouts.front().head.place(reading.files.front()->name()),
                          ": expected ", origins.features.size(),
                          " features as in the training data, found ", offsets.back(),
                          ". Take both sets from the same source."));
    }
    std::vector<double> by_feature(static_cast<std::size_t>(reading.width), 0.0);
    for (std::size_t f = 0; f < by_feature.size(); ++f) {
      if (reading.column_of(static_cast<std::int64_t>(f)).use == ColumnUse::feature) {
        by_feature[f] = origins.features[static_cast<std::size_t>(offsets[f])];
      }
    }
    origins.features = by_feature;
  }
  return origins;
}

}  // namespace

void centre_table(TableReading& reading) {
  const WideValues values{
      .read =
          [&](const std::vector<std::int64_t>& features, bool target, std::int64_t rows) {
            return reading.parser.wide(reading, features, target, rows);
          },
      .name = [&](std::int64_t feature) { return reading.name_of_feature(feature); }};
  if (reading.options.origins != nullptr) {
    centre(reading.samples, given_origins(reading), values);
    return;
  }
  std::vector<std::int64_t> numbers;
  for (std::int64_t f = 0; f < reading.width; ++f) {
    if (reading.column_of(f).use == ColumnUse::feature) {
      numbers.push_back(f);
    }
  }
  centre(reading.samples, numbers, reading.ranges, values);
}

}  // namespace dga
