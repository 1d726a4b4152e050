// SPDX-License-Identifier: Apache-2.0
//
// Objective: the loss that a run minimises.

#pragma once

#include <ATen/core/Tensor.h>

#include "dga/data/batches/prefetcher.h"
#include "dga/train/plan.h"
#include "dga/train/train_extras.h"

namespace dga {

/// Cross entropy, weighted by class where the plan says so, or the mean squared error, or a
/// function of the program. Used by one thread.
class Objective {
 public:
  /// `plan` and `extras` must outlive this.
  Objective(const TrainPlan& plan, const TrainExtras& extras);

  /// The mean loss over a batch of at least 1 sample, given the model's outputs. With class
  /// weights, the sum of weight * loss divided by the number of samples, so that the means over
  /// batches of any size add up to the mean over all. Normalises the batch's regression targets in
  /// place.
  at::Tensor loss(const at::Tensor& outputs, const SampleBatch& batch) const;
  /// Multiplies a loss into the units of the data; 1 for classification and for own functions.
  double unit() const noexcept;

 private:
  const TrainPlan& plan_;
  const TrainExtras& extras_;
  at::Tensor class_weights_;  // (classes), or undefined
};

}  // namespace dga
