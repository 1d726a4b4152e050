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
  if (origin.merges) {
    samples.notices.push_back(
        str(samples.parts.front().file, ": ", name,
            " has different values that are equal in f32, even as distances from their mean, so "
            "the model cannot tell them apart. Leave an identifier out with --drop."));
  }
  return origin.value;
}

bool target_needs_origin(const Samples& samples, const Origins* given) {
  if (!samples.targets) {
    return false;
  }
  if (given != nullptr) {
    return given->target != 0;
  }
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

void centre(Samples& samples, const std::vector<std::int64_t>& features, const Origins* given,
            const WideValues& values) {
  const bool target = target_needs_origin(samples, given);
  if (features.empty() && !target) {
    return;
  }
  std::int64_t width = 1;
  for (const std::int64_t size : samples.shape) {
    width *= size;
  }
  const auto wide = values.read(features, target);
  std::vector<double> origins(static_cast<std::size_t>(width), 0.0);
  for (std::size_t i = 0; i < features.size(); ++i) {
    double& origin = origins[static_cast<std::size_t>(features[i])];
    origin = given != nullptr ? given->features[static_cast<std::size_t>(features[i])]
                              : measured_origin(samples, values.name(features[i]), wide[i]);
    subtract(samples, width, features[i], wide[i], origin);
  }
  if (target) {
    samples.origins.target =
        given != nullptr ? given->target : measured_origin(samples, "the target", wide.back());
    subtract(samples, width, -1, wide.back(), samples.origins.target);
  }
  if (std::any_of(origins.begin(), origins.end(), [](double origin) { return origin != 0; })) {
    samples.origins.features = std::move(origins);
  }
}

}  // namespace dga
