// SPDX-License-Identifier: Apache-2.0
//
// ArrayBlocks: reads blocks of streamed samples from arrays.

#pragma once

#include <cstdint>
#include <vector>

#include "dga/data/formats/arrays/labelled_arrays.h"
#include "dga/data/stream/block_reader.h"

namespace dga {

class ArrayBlocks final : public BlockReader {
 public:
  /// `parts`: at least one, as read_labels_alone has read them.
  explicit ArrayBlocks(std::vector<LabelledArrays> parts);

  void read(std::int64_t first, std::int64_t last, float* values) const override;
  int reads_at_a_time() const noexcept override {
    return parts_.front().features.file->reads_at_a_time();
  }
  void check_not_finite(std::int64_t sample) const override;

 private:
  std::vector<LabelledArrays> parts_;
  std::vector<std::int64_t> first_samples_;  // of each part
};

}  // namespace dga
