// SPDX-License-Identifier: Apache-2.0
//
// EpochEvaluator: measures a model after each epoch of a run.

#pragma once

#include <cstdint>
#include <vector>

#include "dga/launch/environment.h"
#include "dga/models/model_factory.h"
#include "dga/storage/run_results.h"
#include "dga/train/plan.h"
#include "dga/train/train_extras.h"

namespace dga {

/// Each worker measures its shard of the training samples and its share of the others.
class EpochEvaluator {
 public:
  /// All arguments must outlive this.
  EpochEvaluator(Environment& environment, const TrainPlan& plan, const TrainExtras& extras,
                 const ModelCard& card);

  /// The losses, errors and metrics of an epoch, counted from 0, the same on every worker, without
  /// `seconds`. Leaves the model in evaluation mode. `loss_sum`: over this worker's samples.
  /// `loss_unit`: Objective::unit. Collective; blocks. Throws what sum_of_errors throws.
  EpochResult measure(const Model& model, std::int64_t epoch, double loss_sum, double loss_unit);

  /// Over this worker's share of the held-out samples, at the last call of `measure`.
  double test_errors() const noexcept { return test_errors_; }
  /// The size of this share.
  std::int64_t test_samples() const noexcept { return std::ssize(test_share_); }
  /// The factor that converts an error to the units of the data; 1 for classification.
  double error_unit() const noexcept { return card_.target_scale * card_.target_scale; }

 private:
  Environment& environment_;
  const TrainPlan& plan_;
  const TrainExtras& extras_;
  const ModelCard& card_;
  const std::vector<std::int64_t>& shard_;
  std::vector<std::int64_t> validation_share_;
  std::vector<std::int64_t> test_share_;
  double test_errors_ = 0;
};

}  // namespace dga
