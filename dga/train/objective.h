// SPDX-License-Identifier: Apache-2.0
//
// Objective: the loss function of a run.

#pragma once

#include <ATen/core/Tensor.h>

#include "dga/data/batches/prefetcher.h"
#include "dga/train/plan.h"
#include "dga/train/train_extras.h"

namespace dga {

/// Cross entropy (weighted by class if the plan has class weights), the mean squared error, or the
/// loss function of `extras`. For use by one thread.
class Objective {
 public:
  /// `plan` and `extras` must outlive this.
  Objective(const TrainPlan& plan, const TrainExtras& extras);

  /// The mean loss over the `batch.size` samples (at least 1) of a batch, given the model's
  /// outputs. With class weights it is the sum of weight * loss, divided by the number of samples,
  /// so that the mean over all samples is the sample-weighted mean over batches of any size.
  /// Normalises the regression targets of the batch in place.
  at::Tensor loss(const at::Tensor& outputs, const SampleBatch& batch) const;
  /// The factor that converts a loss to the units of the data; 1 for classification and for the
  /// loss function of `extras`.
  double unit() const noexcept;

 private:
  const TrainPlan& plan_;
  const TrainExtras& extras_;
  at::Tensor class_weights_;  // (classes), or undefined
};

}  // namespace dga
