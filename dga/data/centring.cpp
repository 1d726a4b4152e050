// SPDX-License-Identifier: Apache-2.0

#include "dga/data/centring.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "dga/base/error.h"

namespace dga {
namespace {

/// Stores the values of a feature, or of the target (-1), minus an origin.
void subtract(Samples& samples, std::int64_t width, std::int64_t feature,
              const std::vector<double>& values, double origin) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const auto value = static_cast<float>(values[i] - origin);
    if (std::isinf(value)) {
      throw DataError(str(samples.place(row), ": expected numbers at most 3.4e38 apart, found ",
                          values[i], ". Scale the column down or remove the line."));
    }
    (feature < 0 ? samples.targets[row] : samples.features[row * width + feature]) = value;
  }
}

double measured_origin(Samples& samples, const std::string& name,
                       const std::vector<double>& values) {
  const Origin origin = choose_origin(values);
  if (!origin.warning.empty()) {
    samples.notices.push_back(str(samples.parts.front().file, ": ", name, " ", origin.warning,
                                  ", so the model cannot tell them apart. Leave an identifier out "
                                  "with --drop."));
  }
  return origin.value;
}

/// Moves the columns to `origins`.
void move_to(Samples& samples, const std::vector<std::int64_t>& features, bool target,
             const std::vector<std::vector<double>>& wide, Origins origins) {
  for (std::size_t i = 0; i < features.size(); ++i) {
    subtract(samples, width_of(samples), features[i], wide[i],
             origins.features[static_cast<std::size_t>(features[i])]);
  }
  if (target) {
    subtract(samples, width_of(samples), -1, wide.back(), origins.target);
  }
  if (features_with(origins).empty()) {
    origins.features.clear();
  }
  samples.origins = std::move(origins);
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
    if (ranges.crowded(static_cast<std::size_t>(numbers[i])) || merge_in_f32(first[i])) {
      features.push_back(numbers[i]);
    }
  }
  const bool target = has_target && (target_is_crowded(samples) || merge_in_f32(first.back()));
  if (features.empty() && !target) {
    return;
  }
  const auto wide = values.read(features, target, samples.count);
  Origins origins{.features = std::vector<double>(static_cast<std::size_t>(width_of(samples)))};
  for (std::size_t i = 0; i < features.size(); ++i) {
    origins.features[static_cast<std::size_t>(features[i])] =
        measured_origin(samples, values.name(features[i]), wide[i]);
  }
  if (target) {
    origins.target = measured_origin(samples, "the target", wide.back());
  }
  move_to(samples, features, target, wide, std::move(origins));
}

void centre(Samples& samples, const Origins& given, const WideValues& values) {
  const std::vector<std::int64_t> features = features_with(given);
  const bool target = samples.targets != nullptr && given.target != 0;
  if (!features.empty() || target) {
    Origins origins = given;
    origins.target = target ? given.target : 0;
    move_to(samples, features, target, values.read(features, target, samples.count),
            std::move(origins));
  }
}

}  // namespace dga
