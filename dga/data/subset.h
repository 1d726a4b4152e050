// SPDX-License-Identifier: Apache-2.0
//
// Subset: some samples of another dataset, without copying them.

#pragma once

#include <memory>

#include "dga/data/dataset.h"

namespace dga {

/// Sample i of the subset is sample indices[i] of `base`; class names and shapes are those of
/// `base`, also for classes of which no sample is left.
class Subset : public Dataset {
 public:
  /// Throws InvalidArgument when `base` is null or an index is out of its range.
  Subset(std::shared_ptr<const Dataset> base, std::vector<std::int64_t> indices);

  std::int64_t size() const override { return static_cast<std::int64_t>(indices_.size()); }
  std::vector<std::int64_t> sample_shape() const override { return base_->sample_shape(); }
  DType feature_type() const override { return base_->feature_type(); }
  DType label_type() const override { return base_->label_type(); }
  std::int64_t num_classes() const override { return base_->num_classes(); }
  std::vector<std::string> class_names() const override { return base_->class_names(); }

  /// Numbers of the samples in `base`.
  const std::vector<std::int64_t>& indices() const noexcept { return indices_; }

 private:
  void copy_samples(std::span<const std::int64_t> indices, BufferView features,
                    BufferView labels) const override;

  std::shared_ptr<const Dataset> base_;
  std::vector<std::int64_t> indices_;
};

}  // namespace dga
