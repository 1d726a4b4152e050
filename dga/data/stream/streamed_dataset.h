// SPDX-License-Identifier: Apache-2.0
//
// StreamedDataset: a dataset whose features stay in files.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dga/data/dataset.h"
#include "dga/data/samples.h"
#include "dga/data/stream/block_cache.h"
#include "dga/data/stream/block_reader.h"

namespace dga {

/// Samples of files that are not packed, read in blocks of consecutive samples when they are
/// gathered (see blocks.h). Labels are in memory, and the blocks that were used last. Gather
/// samples that lie close together one after another, as a Sampler with a shuffle window does. A
/// gather throws DataError for values that are not finite, and for files that have changed.
class StreamedDataset : public Dataset {
 public:
  /// `samples`: as a format reads them in place, with class indices as labels. `class_names`: empty
  /// for a regression. `blocks`: how many are kept, at least one.
  StreamedDataset(const Samples& samples, std::vector<std::string> class_names, std::size_t blocks);

  /// Keeps at least `blocks` blocks, for workers that share the dataset.
  void keep_blocks(std::int64_t blocks) const { cache_.keep(static_cast<std::size_t>(blocks)); }

  std::int64_t size() const override { return size_; }
  std::vector<std::int64_t> sample_shape() const override { return shape_; }
  DType label_type() const override { return targets_ ? DType::f32 : DType::i64; }
  std::int64_t num_classes() const override {
    return static_cast<std::int64_t>(class_names_.size());
  }
  std::vector<std::string> class_names() const override { return class_names_; }
  Origins origins() const override { return origins_; }
  void read_ahead(std::span<const std::int64_t> indices) const override;

 private:
  void copy_samples(std::span<const std::int64_t> indices, BufferView features,
                    BufferView labels) const override;
  void load_block(std::int64_t number, float* values) const;
  /// Where answers take time, reads the first few blocks of `indices` that are not kept, all of
  /// them at the same time.
  void load_together(std::span<const std::int64_t> indices) const;

  std::shared_ptr<const BlockReader> reader_;
  std::vector<std::int64_t> shape_;
  std::int64_t size_ = 0;
  std::int64_t width_ = 0;
  std::int64_t rows_ = 0;  // samples in a block
  std::shared_ptr<const std::int64_t[]> labels_;
  std::shared_ptr<const float[]> targets_;
  Origins origins_;
  std::vector<std::string> class_names_;
  std::size_t reads_ = 1;  // blocks that are read at the same time
  mutable BlockCache cache_;
};

}  // namespace dga
