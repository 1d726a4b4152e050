// SPDX-License-Identifier: Apache-2.0
//
// StreamedArrays: a dataset whose features stay in files.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dga/data/dataset.h"
#include "dga/data/formats/arrays/labelled_arrays.h"
#include "dga/data/stream/block_cache.h"

namespace dga {

/// Samples of arrays in files that are not packed, read in blocks of consecutive samples when they
/// are gathered (see blocks.h). Labels are in memory, and the blocks that were used last. Gather
/// samples that lie close together one after another, as a Sampler with a shuffle window does. A
/// gather throws DataError for values that are not finite, and for files that have changed.
class StreamedArrays : public Dataset {
 public:
  /// `labels`: as read_labels_alone returns it for `parts`, with class indices as labels.
  /// `class_names`: empty for a regression. `blocks`: how many are kept, at least one.
  StreamedArrays(std::vector<LabelledArrays> parts, const Samples& labels,
                 std::vector<std::string> class_names, std::size_t blocks);

  /// Keeps at least `blocks` blocks, for workers that share the dataset.
  void keep_blocks(std::int64_t blocks) const { cache_.keep(static_cast<std::size_t>(blocks)); }

  std::int64_t size() const override { return size_; }
  std::vector<std::int64_t> sample_shape() const override { return shape_; }
  DType label_type() const override { return targets_ ? DType::f32 : DType::i64; }
  std::int64_t num_classes() const override {
    return static_cast<std::int64_t>(class_names_.size());
  }
  std::vector<std::string> class_names() const override { return class_names_; }
  Origins origins() const override { return {.target = target_origin_}; }
  void read_ahead(std::span<const std::int64_t> indices) const override;

 private:
  void copy_samples(std::span<const std::int64_t> indices, BufferView features,
                    BufferView labels) const override;
  /// Throws the error for a sample with a value that is not finite.
  [[noreturn]] void refuse_not_finite(std::int64_t index) const;
  void load_block(std::int64_t number, float* values) const;

  std::vector<LabelledArrays> parts_;
  std::vector<std::int64_t> first_samples_;  // of each part
  std::vector<std::int64_t> shape_;
  std::int64_t size_ = 0;
  std::int64_t width_ = 0;
  std::int64_t rows_ = 0;  // samples in a block
  std::shared_ptr<const std::int64_t[]> labels_;
  std::shared_ptr<const float[]> targets_;
  double target_origin_ = 0;
  std::vector<std::string> class_names_;
  mutable BlockCache cache_;
};

}  // namespace dga
