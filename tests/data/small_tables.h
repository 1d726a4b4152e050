// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "dga/data/aligned.h"
#include "dga/data/table.h"

namespace dga::test {

inline std::shared_ptr<float[]> flat(const std::vector<std::vector<float>>& rows) {
  auto features = allocate_aligned<float>(
      static_cast<std::int64_t>(rows.size() * (rows.empty() ? 0 : rows.front().size())));
  float* out = features.get();
  for (const auto& row : rows) {
    out = std::copy(row.begin(), row.end(), out);
  }
  return features;
}

template <typename T>
std::shared_ptr<T[]> shared(const std::vector<T>& values) {
  auto array = allocate_aligned<T>(static_cast<std::int64_t>(values.size()));
  std::copy(values.begin(), values.end(), array.get());
  return array;
}

/// `classes` of them, or as many as the labels need.
inline std::shared_ptr<const Table> classification(const std::vector<std::vector<float>>& rows,
                                                   const std::vector<std::int64_t>& labels,
                                                   std::int64_t classes = 0) {
  if (classes == 0) {
    classes = *std::max_element(labels.begin(), labels.end()) + 1;
  }
  std::vector<std::string> names;
  for (std::int64_t c = 0; c < classes; ++c) {
    names.push_back(std::to_string(c));
  }
  return std::make_shared<Table>(
      static_cast<std::int64_t>(rows.size()),
      std::vector<std::int64_t>{static_cast<std::int64_t>(rows.front().size())}, flat(rows),
      shared(labels), names);
}

inline std::shared_ptr<const Table> regression(const std::vector<std::vector<float>>& rows,
                                               const std::vector<float>& targets) {
  return std::make_shared<Table>(
      static_cast<std::int64_t>(rows.size()),
      std::vector<std::int64_t>{static_cast<std::int64_t>(rows.front().size())}, flat(rows),
      shared(targets));
}

/// Sample i has the one feature i and the label i % classes.
inline std::shared_ptr<const Table> counted(std::int64_t size, std::int64_t classes) {
  std::vector<std::vector<float>> rows;
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < size; ++i) {
    rows.push_back({static_cast<float>(i)});
    labels.push_back(i % classes);
  }
  return classification(rows, labels, classes);
}

}  // namespace dga::test
