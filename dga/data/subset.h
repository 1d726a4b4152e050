// SPDX-License-Identifier: Apache-2.0
//
// Subset: selected samples of another dataset, without a copy.

#pragma once

#include <memory>

#include "dga/data/dataset.h"

namespace dga {

/// Sample i of the subset is sample indices[i] of `base`. Shapes and classes are those of `base`,
/// even if the subset has no sample of some class.
class Subset : public Dataset {
 public:
  /// Throws InvalidArgument if `base` is null or an index is out of range.
  Subset(std::shared_ptr<const Dataset> base, std::vector<std::int64_t> indices);

  std::int64_t size() const override { return static_cast<std::int64_t>(indices_.size()); }
  std::vector<std::int64_t> sample_shape() const override { return base_->sample_shape(); }
  DType feature_type() const override { return base_->feature_type(); }
  DType label_type() const override { return base_->label_type(); }
  std::int64_t num_classes() const override { return base_->num_classes(); }
  std::vector<std::string> class_names() const override { return base_->class_names(); }
  Origins origins() const override { return base_->origins(); }
  std::int64_t block_of(std::int64_t index) const override {
    return base_->block_of(indices_[static_cast<std::size_t>(index)]);
  }
  void read_ahead(std::span<const std::int64_t> indices) const override {
    base_->read_ahead(of_base(indices));
  }

  /// The indices of the samples in `base`.
  const std::vector<std::int64_t>& indices() const noexcept { return indices_; }

 private:
  std::vector<std::int64_t> of_base(std::span<const std::int64_t> indices) const;
  void copy_samples(std::span<const std::int64_t> indices, BufferView features,
                    BufferView labels) const override;

  std::shared_ptr<const Dataset> base_;
  std::vector<std::int64_t> indices_;
};

}  // namespace dga
