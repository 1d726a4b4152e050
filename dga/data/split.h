// SPDX-License-Identifier: Apache-2.0
//
// Split: which samples train and which are held out.

#pragma once

#include <cstdint>
#include <vector>

#include "dga/data/dataset.h"

namespace dga {

/// Disjoint, together all samples, each ascending.
struct Split {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> test;
};

/// Holds out round(size * test_fraction) samples, drawn by (seed, "split").
///
/// Classification: stratified. Each class gives its share, whole samples going to the classes with
/// the largest remainders, and keeps at least one sample for training (so the held-out set may
/// be smaller than asked where classes are tiny). Regression: drawn from all samples alike, at
/// least one staying for training.
/// Throws InvalidArgument unless 0 <= test_fraction < 1.
Split split(const Dataset& dataset, double test_fraction, std::uint64_t seed);

}  // namespace dga
