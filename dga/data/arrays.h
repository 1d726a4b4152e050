// SPDX-License-Identifier: Apache-2.0
//
// Arrays: a dataset from samples that a program already has in memory.

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dga/data/load.h"

namespace dga {

/// Samples in caller-owned arrays. To wrap memory that something else owns, pass pointers whose
/// deleters release that owner. Exactly one of `labels` and `targets` must be set.
struct SampleArrays {
  std::int64_t count = 0;
  std::vector<std::int64_t> shape = {};               // shape of one sample
  std::shared_ptr<const float[]> features = {};       // (count, shape...), row-major
  std::shared_ptr<const std::int64_t[]> labels = {};  // (count), any integers
  std::shared_ptr<const float[]> targets = {};        // (count), for regression
};

/// Makes the dataset that load_data would read from files with these samples. Features and targets
/// are not copied; labels are replaced by class indices, as load_data does. A `test` or
/// `validation` set without samples means none. Throws DataError, whose text begins with "[data] x"
/// or "y", with "test_" or "val_" before it for the other sets, for values that are not finite, no
/// training samples, fewer than two classes, labels that the training set lacks, and sets of
/// different kinds. Throws InvalidArgument if both or neither of `labels` and `targets` are set.
LoadedData data_from_arrays(const SampleArrays& train, const SampleArrays& test = {},
                            const SampleArrays& validation = {});

}  // namespace dga
