// SPDX-License-Identifier: Apache-2.0
//
// Arrays: a dataset from samples that a program already has in memory.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dga/data/load.h"

namespace dga {

/// Samples in caller-owned arrays. To use memory of another object, pass shared_ptrs whose deleters
/// hold a reference to that object. Exactly one of `features` and `wide_features` must be set, and
/// one of `labels`, `targets` and `wide_targets`.
struct SampleArrays {
  std::int64_t count = 0;
  std::vector<std::int64_t> shape = {};                // shape of one sample
  std::shared_ptr<const float[]> features = {};        // (count, shape...), row-major
  std::shared_ptr<const double[]> wide_features = {};  // the same as f64
  std::shared_ptr<const std::int64_t[]> labels = {};   // (count): any integers, or see label_texts
  std::shared_ptr<const float[]> targets = {};         // (count), for regression
  std::shared_ptr<const double[]> wide_targets = {};   // the same as f64
  /// Not empty: the labels are texts, and `labels` holds positions in these, which ascend.
  std::vector<std::string> label_texts = {};
  /// What the features come from, if they are the columns of a table; one-hot columns are encoded
  /// already. Its `missing` says what NaN in the features means. Ignored for a test set, which has
  /// the columns of the training set.
  Columns columns = {};
};

/// Makes the dataset that load_data would read from files with these samples. f32 features and
/// targets are not copied, unless samples are left out. f64 ones are copied as f32, minus origins
/// where f32 could not keep their values apart; see origins.h. Labels are replaced by class
/// indices, as load_data does. A `test` or `validation` set without samples means none. Throws
/// DataError, whose text begins with "[data] x" or "y", with "test_" or "val_" before it for the
/// other sets, for values that are not finite or too large for f32, missing values that
/// train.columns does not allow, no training samples, fewer than two classes, labels that the
/// training set lacks, and sets of different kinds. Throws InvalidArgument for arrays that are
/// missing or given twice, columns of another number of features, and label texts that do not
/// ascend or have no text for a label. Not collective.
LoadedData data_from_arrays(const SampleArrays& train, const SampleArrays& test = {},
                            const SampleArrays& validation = {});

}  // namespace dga
