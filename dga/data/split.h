// SPDX-License-Identifier: Apache-2.0
//
// Split: divides samples into a training set and a held-out set.

#pragma once

#include <cstdint>
#include <vector>

#include "dga/data/dataset.h"

namespace dga {

/// Sample indices, each list in ascending order. Every sample is in exactly one of the lists.
struct Split {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> test;
};

/// Holds out round(size * test_fraction) samples. They are drawn at random, class by class, from
/// streams with the key (seed, "split", class).
///
/// Classification is stratified: the number of samples that are held out of a class is proportional
/// to the size of the class (rounded by the largest-remainder method). Each class keeps at least
/// one training sample, so fewer samples are held out if classes are very small. Regression draws
/// from all samples and keeps at least one for training. Throws InvalidArgument unless 0 <=
/// test_fraction < 1.
Split split(const Dataset& dataset, double test_fraction, std::uint64_t seed);

}  // namespace dga
