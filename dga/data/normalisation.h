// SPDX-License-Identifier: Apache-2.0
//
// Normalisation: features with mean 0 and standard deviation 1, as the training samples have them.

#pragma once

#include <memory>
#include <vector>

#include "dga/data/dataset.h"

namespace dga {

/// y = (x - mean[f]) / scale[f], in f32, for each feature f of a sample. This is what a saved model
/// carries, so that whoever uses it prepares samples as training did.
struct Normalisation {
  std::vector<float> mean;   // (num_features)
  std::vector<float> scale;  // (num_features), never 0: 1 for a feature that is constant

  /// In place; `samples` is (count, num_features).
  void apply(float* samples, std::int64_t count) const noexcept;
};

/// Mean and population standard deviation of each feature over all of `training`, summed in double
/// in the order of the samples, so that equal samples give equal bits on every run and engine.
/// Throws InvalidArgument when there is no sample or features are not f32.
Normalisation measure_normalisation(const Dataset& training);

/// y' = (y - mean) / scale for the targets of a regression. A saved model carries it too.
struct TargetNormalisation {
  double mean = 0;
  double scale = 1;  // never 0: 1 for targets that are constant

  /// In place.
  void apply(float* targets, std::int64_t count) const noexcept;
};

/// Mean and population standard deviation of the targets of `training`, summed in double in the
/// order of the samples. `training` holds targets (f32) and at least one sample.
TargetNormalisation measure_target_normalisation(const Dataset& training);

/// Another dataset, normalised as it is gathered; the base keeps its values.
class Normalised : public Dataset {
 public:
  /// Throws InvalidArgument when the normalisation was measured on another number of features.
  Normalised(std::shared_ptr<const Dataset> base, Normalisation normalisation);

  std::int64_t size() const override { return base_->size(); }
  std::vector<std::int64_t> sample_shape() const override { return base_->sample_shape(); }
  DType label_type() const override { return base_->label_type(); }
  std::int64_t num_classes() const override { return base_->num_classes(); }
  std::vector<std::string> class_names() const override { return base_->class_names(); }
  const Normalisation& normalisation() const noexcept { return normalisation_; }

 private:
  void copy_samples(std::span<const std::int64_t> indices, BufferView features,
                    BufferView labels) const override;

  std::shared_ptr<const Dataset> base_;
  Normalisation normalisation_;
};

}  // namespace dga
