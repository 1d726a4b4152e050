// SPDX-License-Identifier: Apache-2.0
//
// Centring: subtracts origins from samples that a format has read as f32, where f32 cannot keep the
// values apart. Internal to the room.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dga/data/merged_numbers.h"
#include "dga/data/samples.h"

namespace dga {

/// The smallest and largest value of each feature.
struct FeatureRanges {
  explicit FeatureRanges(std::size_t width);

  /// Adds the features of a sample. NaN, a missing value, does not count.
  void add(const float* features) noexcept;
  void add(const FeatureRanges& other) noexcept;
  /// Whether f32 may not keep the values of the feature apart.
  bool crowded(std::size_t feature) const noexcept;

  std::vector<float> least;
  std::vector<float> most;
};

/// How a format gives more about the samples that it has read.
struct WideValues {
  /// Some features, and perhaps the target, as f64: by column. Of all samples, or of about `rows`
  /// from all parts of the files, as far as the format reaches them without reading all.
  std::function<std::vector<WideColumn>(const std::vector<std::int64_t>& features, bool target,
                                        std::int64_t rows)>
      read;
  /// For messages: "column age" or "feature 3".
  std::function<std::string(std::int64_t feature)> name;
};

/// Subtracts an origin, in f64, from the features and targets whose values f32 cannot keep apart.
/// Features that stay in files are only checked; who reads them subtracts samples.origins.
/// `numbers`: the features of a sample that may need one; `ranges` are those of all features. Fills
/// samples.origins and adds notices. Throws DataError for values that are too far from the origin
/// for f32.
void centre(Samples& samples, const std::vector<std::int64_t>& numbers, const FeatureRanges& ranges,
            const WideValues& values);

/// The same with the origins `given`, by feature of `samples`.
void centre(Samples& samples, const Origins& given, const WideValues& values);

}  // namespace dga
