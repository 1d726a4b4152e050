// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <vector>

#include "dga/data/batches/prefetcher.h"

namespace dga {

/// The batches of several workers as one, one after the other.
class JoinedBatch {
 public:
  void clear() noexcept;
  /// Copies the samples of `batch`, which may be empty. All batches must have the same types.
  void add(const SampleBatch& batch);
  /// Valid until the next call of clear or add.
  SampleBatch view();

 private:
  std::int64_t size_ = 0;
  DType feature_type_ = DType::f32;
  DType label_type_ = DType::i64;
  std::vector<std::byte> features_;
  std::vector<std::byte> labels_;
};

}  // namespace dga
