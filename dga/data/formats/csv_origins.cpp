// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv_origins.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/formats/csv_parse.h"

namespace dga {
namespace {

/// Stores the values of a feature, or of the target (-1), minus an origin.
void subtract(CsvReading& reading, std::int64_t feature, const std::vector<double>& values,
              double origin) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const auto value = static_cast<float>(values[i] - origin);
    if (std::isinf(value)) {
      throw DataError(str(reading.samples.place(row),
                          ": expected numbers at most 3.4e38 apart, found ", values[i],
                          ". Scale the column down or remove the line."));
    }
    (feature < 0 ? reading.samples.targets[row]
                 : reading.samples.features[row * reading.width + feature]) = value;
  }
}

std::vector<std::int64_t> crowded_features(const CsvReading& reading) {
  std::vector<std::int64_t> features;
  for (std::int64_t f = 0; f < reading.width; ++f) {
    const auto column = static_cast<std::size_t>(f);
    float least = reading.ranges.front().least[column];
    float most = reading.ranges.front().most[column];
    for (const CsvReading::Range& range : reading.ranges) {
      least = std::min(least, range.least[column]);
      most = std::max(most, range.most[column]);
    }
    if (reading.column_of(f).use == ColumnUse::feature && least <= most &&
        is_crowded(least, most)) {
      features.push_back(f);
    }
  }
  return features;
}

/// Those for which the caller gives an origin.
std::vector<std::int64_t> features_with_origins(const CsvReading& reading) {
  std::vector<std::int64_t> features;
  const std::vector<std::int64_t> offsets = reading.encoded_offsets();
  for (std::int64_t f = 0; f < reading.width && !reading.options.origins->features.empty(); ++f) {
    const auto at = static_cast<std::size_t>(offsets[static_cast<std::size_t>(f)]);
    if (reading.column_of(f).use == ColumnUse::feature &&
        reading.options.origins->features.at(at) != 0) {
      features.push_back(f);
    }
  }
  return features;
}

double origin_of(CsvReading& reading, const std::string& name, const std::vector<double>& values) {
  const Origin origin = choose_origin(values);
  if (origin.merges) {
    reading.samples.notices.push_back(
        str(reading.files.front()->name(), ": ", name,
            " has different values that are equal in f32, even as distances from their mean, so "
            "the model cannot tell them apart. Leave an identifier out with --drop."));
  }
  return origin.value;
}

}  // namespace

void centre_csv(CsvReading& reading) {
  const Origins* const given = reading.options.origins;
  const auto features =
      given == nullptr ? crowded_features(reading) : features_with_origins(reading);
  bool target = false;
  if (reading.samples.targets && given != nullptr) {
    target = given->target != 0;
  } else if (reading.samples.targets) {
    const auto [least, most] = std::minmax_element(
        reading.samples.targets.get(), reading.samples.targets.get() + reading.samples.count);
    target = is_crowded(*least, *most);
  }
  if (features.empty() && !target) {
    return;
  }
  const auto values = read_csv_wide(reading, features, target);
  std::vector<double> origins(static_cast<std::size_t>(reading.width), 0.0);
  for (std::size_t i = 0; i < features.size(); ++i) {
    const auto f = static_cast<std::size_t>(features[i]);
    origins[f] = given == nullptr
                     ? origin_of(reading, reading.name_of_feature(features[i]), values[i])
                     : given->features[static_cast<std::size_t>(reading.encoded_offsets()[f])];
    subtract(reading, features[i], values[i], origins[f]);
  }
  if (target) {
    reading.samples.origins.target =
        given == nullptr ? origin_of(reading, "the target", values.back()) : given->target;
    subtract(reading, -1, values.back(), reading.samples.origins.target);
  }
  if (std::any_of(origins.begin(), origins.end(), [](double origin) { return origin != 0; })) {
    reading.samples.origins.features = std::move(origins);
  }
}

}  // namespace dga
