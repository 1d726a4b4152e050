// SPDX-License-Identifier: Apache-2.0
//
// FeatureStatistics: mean, deviation and range of each feature over samples.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dga/data/dataset.h"

namespace dga {

/// In f64, one element per feature. NaN, a missing value, does not count.
struct FeatureStatistics {
  explicit FeatureStatistics(std::size_t num_features);

  /// Takes in (count, num_features) values. Must have none yet.
  void measure(const float* samples, std::int64_t count);
  /// Takes in the samples of `next`. The result does not depend on how they were read, but on how
  /// they were cut into parts, and on the order of the parts. (Chan, Golub, LeVeque: Updating
  /// Formulae and a Pairwise Algorithm for Computing Sample Variances, 1979.)
  void merge(const FeatureStatistics& next);

  std::vector<double> counts;   // of known values
  std::vector<double> means;    // 0 without a known value
  std::vector<double> squares;  // sum of the squared distances from the mean
  std::vector<float> lowest;    // infinity without a known value
  std::vector<float> highest;   // -infinity without a known value
};

/// Over all samples, whose features are f32. They are cut into the blocks of stream/blocks.h, which
/// are merged in order, so any number of threads gives the same bits. Reads each sample once.
/// `threads`: 0: one per usable core. Throws what gather throws for the first bad block.
FeatureStatistics measure_features(const Dataset& dataset, int threads = 0);

}  // namespace dga
