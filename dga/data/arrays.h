// SPDX-License-Identifier: Apache-2.0
//
// Arrays: samples that a program has in memory already, as a dataset.

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dga/data/load.h"

namespace dga {

/// Samples in arrays that stay whoever's they are: the pointers' deleters release them. Exactly one
/// of labels and targets is there.
struct SampleArrays {
  std::int64_t count = 0;
  std::vector<std::int64_t> shape = {};               // of one sample
  std::shared_ptr<const float[]> features = {};       // (count, shape...), row-major
  std::shared_ptr<const std::int64_t[]> labels = {};  // (count), any integers
  std::shared_ptr<const float[]> targets = {};        // (count), for regression
};

/// The dataset that files with these samples would be: features are used where they lie, labels
/// become classes as load_data says. `test` without samples: none. Throws DataError, beginning with
/// "x", "y", "test_x" or "test_y", for values that are not finite, no samples, one class only,
/// labels of the test set that the training set lacks, and sets that do not go together.
LoadedData data_from_arrays(const SampleArrays& train, const SampleArrays& test = {});

}  // namespace dga
