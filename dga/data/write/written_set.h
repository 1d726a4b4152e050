// SPDX-License-Identifier: Apache-2.0
//
// WrittenSet: a dataset as it is written to files: its samples with their origins, in blocks.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dga/data/data_summary.h"
#include "dga/data/dataset.h"
#include "dga/storage/columns.h"

namespace dga {

/// How numbers are stored where the format has types.
enum class WrittenType { u8, f32, f64 };

struct WrittenSet {
  std::shared_ptr<const Dataset> data = {};
  FileUse use = FileUse::train;
  /// u8 if all features are integers from 0 to 255, f64 if they have origins, f32 otherwise.
  WrittenType type = WrittenType::f32;
  /// f64 if the targets have an origin, f32 otherwise. Of a regression.
  WrittenType target_type = WrittenType::f32;
  /// By class, the label in the file. Empty for a regression, and if some label is no integer.
  std::vector<std::int64_t> labels = {};
  std::vector<std::string> names = {};  // of the features
  std::string label_name = "label";
};

/// Looks at all samples to choose the types. `columns` name the features, unless they are empty.
WrittenSet written_set(std::shared_ptr<const Dataset> data, FileUse use, const Columns& columns);

/// Consecutive samples.
struct WrittenBlock {
  std::int64_t count = 0;
  std::vector<double> features = {};       // (count, num_features), with their origins
  std::vector<std::int64_t> classes = {};  // (count), or empty
  std::vector<double> targets = {};        // (count), or empty
};

void for_each_block(const WrittenSet& set, const std::function<void(const WrittenBlock&)>& use);

}  // namespace dga
