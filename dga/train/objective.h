// SPDX-License-Identifier: Apache-2.0
//
// Objective: what a run makes small.

#pragma once

#include <ATen/core/Tensor.h>

#include "dga/data/batches/prefetcher.h"
#include "dga/train/plan.h"
#include "dga/train/train_extras.h"

namespace dga {

/// Cross entropy, weighted by class where the plan says so, or the mean squared error, or the
/// caller's own function. Used by one thread.
class Objective {
 public:
  /// `plan` and `extras` must outlive this.
  Objective(const TrainPlan& plan, const TrainExtras& extras);

  /// The mean over a batch of `batch.size` samples, 1 or more, given the model's outputs. Weighted:
  /// the sum of weight * loss, divided by the number of samples, so that means over batches of any
  /// size add up to that of all. Normalises the batch's regression targets in place.
  at::Tensor loss(const at::Tensor& outputs, const SampleBatch& batch) const;
  /// Losses times this are in the units of the data; 1 for classification and for the caller's own.
  double unit() const noexcept;

 private:
  const TrainPlan& plan_;
  const TrainExtras& extras_;
  at::Tensor class_weights_;  // (classes), or undefined
};

}  // namespace dga
