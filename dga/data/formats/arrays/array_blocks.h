// SPDX-License-Identifier: Apache-2.0
//
// ArrayBlocks: reads blocks of streamed samples from arrays.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dga/data/formats/arrays/labelled_arrays.h"
#include "dga/data/samples.h"
#include "dga/data/stream/block_reader.h"
#include "dga/storage/columns.h"

namespace dga {

class ArrayBlocks final : public BlockReader {
 public:
  /// `parts`: at least one. `samples`: what read_labelled_arrays has made of them, with the rows
  /// that are left out and the origins.
  ArrayBlocks(std::vector<LabelledArrays> parts, const Samples& samples, Missing missing);

  void read(std::int64_t first, std::int64_t last, float* values) const override;
  int reads_at_a_time() const noexcept override {
    return parts_.front().features.file->reads_at_a_time();
  }
  void check_not_finite(std::int64_t sample, std::span<const float> values) const override;

 private:
  /// Consecutive samples that lie in consecutive rows of a part.
  struct Run {
    std::int64_t sample = 0;  // the first one
    std::int64_t row = 0;     // of that sample
    std::size_t part = 0;
  };

  std::size_t run_of(std::int64_t sample) const;
  /// The sample after the last one of a run.
  std::int64_t end_of(std::size_t run) const noexcept;
  void read_rows(const StoredArray& array, std::int64_t first, std::int64_t last,
                 std::vector<char>& buffer, float* values) const;

  std::vector<LabelledArrays> parts_;
  std::vector<Run> runs_;  // ascending; one for each part unless rows are left out
  std::int64_t count_;
  std::vector<double> origins_;  // by feature; empty: all are 0
  Missing missing_;
};

}  // namespace dga
