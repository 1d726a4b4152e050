// SPDX-License-Identifier: Apache-2.0

#include "dga/data/centring.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "dga/base/error.h"

namespace dga {
namespace {

/// Stores the values of a feature, or of the target (-1), minus an origin. Only checks the values
/// of features that stay in files. Without an origin, values stay as they were read: f64 between
/// them and f32 would round some integers twice, and a stream does not.
void subtract(Samples& samples, std::int64_t feature, const std::vector<double>& values,
              double origin) {
  if (origin == 0) {
    return;
  }
  const std::int64_t width = width_of(samples);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const auto value = static_cast<float>(values[i] - origin);
    if (std::isinf(value)) {
      throw DataError(str(samples.place(row), ": expected numbers at most 3.4e38 apart, found ",
                          values[i], ". Scale the column down or remove the line."));
    }
    if (feature < 0) {
      samples.targets[row] = value;
    } else if (samples.features) {
      samples.features[row * width + feature] = value;
    }
  }
}

double measured_origin(Samples& samples, const std::string& name, const WideColumn& column) {
  const Origin origin = choose_origin(column);
  if (!origin.warning.empty()) {
    samples.notices.push_back(str(samples.parts.front().file, ": ", name, " ", origin.warning,
                                  ", so the model cannot tell them apart. Leave an identifier out "
                                  "with --drop."));
  }
  return origin.value;
}

/// Calls use(feature, column) for each of `features`, and for the target, as -1, if `target`. Of
/// samples in memory all columns are read at once, of those that stay in files a few at a time.
void for_each_column(const Samples& samples, const std::vector<std::int64_t>& features, bool target,
                     const WideValues& values,
                     const std::function<void(std::int64_t, const WideColumn&)>& use) {
  constexpr std::int64_t kMostValues = std::int64_t{1} << 22;  // 32 MiB
  const std::size_t columns = features.size() + (target ? 1 : 0);
  const std::size_t at_once = samples.features
                                  ? columns
                                  : static_cast<std::size_t>(std::max<std::int64_t>(
                                        1, kMostValues / std::max<std::int64_t>(1, samples.count)));
  for (std::size_t first = 0; first < columns; first += at_once) {
    const std::size_t last = std::min(first + at_once, columns);
    const std::vector<std::int64_t> some(
        features.begin() + static_cast<std::ptrdiff_t>(first),
        features.begin() + static_cast<std::ptrdiff_t>(std::min(last, features.size())));
    const auto wide = values.read(some, last > features.size(), samples.count);
    for (std::size_t i = 0; i < wide.size(); ++i) {
      use(i < some.size() ? some[i] : -1, wide[i]);
    }
  }
}

bool target_is_crowded(const Samples& samples) {
  const auto [least, most] =
      std::minmax_element(samples.targets.get(), samples.targets.get() + samples.count);
  return is_crowded(*least, *most);
}

}  // namespace

FeatureRanges::FeatureRanges(std::size_t width)
    : least(width, std::numeric_limits<float>::infinity()),
      most(width, -std::numeric_limits<float>::infinity()) {}

void FeatureRanges::add(const float* features) noexcept {
  const std::size_t width = least.size();
  float* const low = least.data();
  float* const high = most.data();
  for (std::size_t f = 0; f < width; ++f) {
    // Neither is true for NaN.
    low[f] = features[f] < low[f] ? features[f] : low[f];
    high[f] = features[f] > high[f] ? features[f] : high[f];
  }
}

void FeatureRanges::add(const FeatureRanges& other) noexcept {
  for (std::size_t f = 0; f < least.size(); ++f) {
    least[f] = std::min(least[f], other.least[f]);
    most[f] = std::max(most[f], other.most[f]);
  }
}

bool FeatureRanges::crowded(std::size_t feature) const noexcept {
  return least[feature] <= most[feature] && is_crowded(least[feature], most[feature]);
}

void centre(Samples& samples, const std::vector<std::int64_t>& numbers, const FeatureRanges& ranges,
            const WideValues& values) {
  const bool has_target = samples.targets != nullptr;
  const std::int64_t rows = samples_to_compare(samples.count, width_of(samples));
  const auto first = values.read(numbers, has_target, rows);
  std::vector<std::int64_t> features;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (ranges.crowded(static_cast<std::size_t>(numbers[i])) || has_merged(first[i])) {
      features.push_back(numbers[i]);
    }
  }
  const bool target = has_target && (target_is_crowded(samples) || has_merged(first.back()));
  if (features.empty() && !target) {
    return;
  }
  Origins origins{.features = std::vector<double>(static_cast<std::size_t>(width_of(samples)))};
  for_each_column(
      samples, features, target, values, [&](std::int64_t feature, const WideColumn& column) {
        const std::string name = feature < 0 ? "the target" : values.name(feature);
        const double origin = measured_origin(samples, name, column);
        (feature < 0 ? origins.target : origins.features[static_cast<std::size_t>(feature)]) =
            origin;
        subtract(samples, feature, column.values, origin);
      });
  if (features_with(origins).empty()) {
    origins.features.clear();
  }
  samples.origins = std::move(origins);
}

void centre(Samples& samples, const Origins& given, const WideValues& values) {
  const std::vector<std::int64_t> features = features_with(given);
  const bool target = samples.targets != nullptr && given.target != 0;
  if (features.empty() && !target) {
    return;
  }
  for_each_column(
      samples, features, target, values, [&](std::int64_t feature, const WideColumn& column) {
        subtract(samples, feature, column.values,
                 feature < 0 ? given.target : given.features[static_cast<std::size_t>(feature)]);
      });
  samples.origins = given;
  samples.origins.target = target ? given.target : 0;
  if (features.empty()) {
    samples.origins.features.clear();
  }
}

}  // namespace dga
