// SPDX-License-Identifier: Apache-2.0
//
// Normalisation: scales features and targets to mean 0 and standard deviation 1 over the training
// samples.

#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "dga/data/dataset.h"
#include "dga/storage/columns.h"

namespace dga {

/// y = (x - mean[f]) / scale[f], in f32, for each feature f of a sample minus its origin. It is
/// saved with a model, whose inputs must be normalised as in training.
struct Normalisation {
  std::vector<float> mean = {};   // (num_features), minus the origins
  std::vector<float> scale = {};  // (num_features), never 0: 1 for a constant feature
  bool fill = false;              // whether NaN, a missing value, becomes 0, which is the mean

  /// Normalises in place. `samples` has shape (count, num_features) and holds values minus origins.
  void apply(float* samples, std::int64_t count) const noexcept;
};

/// The mean and population standard deviation of each feature over all samples of `training`; see
/// FeatureStatistics. The bits are the same in every run, on every engine and with any number of
/// threads. NaN, a missing value, does not count. `fill` is set if there is one, or if `missing` is
/// Missing::mean, since held-out samples may have missing values where the training samples have
/// none. Throws InvalidArgument if there are no samples or the features are not f32.
Normalisation measure_normalisation(const Dataset& training, Missing missing = Missing::error);

/// y' = (y - mean) / scale for the targets of a regression, minus their origin.
struct TargetNormalisation {
  double mean = 0;   // minus the origin
  double scale = 1;  // never 0: 1 for constant targets

  /// Normalises in place, in double.
  void apply(float* targets, std::int64_t count) const noexcept;
};

/// The mean and population standard deviation of the targets of `training`, summed in double in the
/// order of the samples. `training` must be a regression dataset with at least one sample.
TargetNormalisation measure_target_normalisation(const Dataset& training);

/// A view of a dataset that normalises features, and targets if asked, when they are gathered. The
/// base is not changed.
class Normalised : public Dataset {
 public:
  /// Throws InvalidArgument if `base` is null or has another number of features than
  /// `normalisation`.
  Normalised(std::shared_ptr<const Dataset> base, Normalisation normalisation,
             std::optional<TargetNormalisation> targets = {});

  std::int64_t size() const override { return base_->size(); }
  std::vector<std::int64_t> sample_shape() const override { return base_->sample_shape(); }
  DType label_type() const override { return base_->label_type(); }
  std::int64_t num_classes() const override { return base_->num_classes(); }
  std::vector<std::string> class_names() const override { return base_->class_names(); }
  Origins origins() const override { return {.target = targets_ ? 0 : base_->origins().target}; }
  std::int64_t block_of(std::int64_t index) const override { return base_->block_of(index); }
  void read_ahead(std::span<const std::int64_t> indices) const override {
    base_->read_ahead(indices);
  }
  const Normalisation& normalisation() const noexcept { return normalisation_; }

 private:
  void copy_samples(std::span<const std::int64_t> indices, BufferView features,
                    BufferView labels) const override;

  std::shared_ptr<const Dataset> base_;
  Normalisation normalisation_;
  std::optional<TargetNormalisation> targets_;
};

}  // namespace dga
