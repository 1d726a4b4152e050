// SPDX-License-Identifier: Apache-2.0
//
// EpochEvaluator: measures a model after each epoch of a run.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dga/launch/environment.h"
#include "dga/models/model_factory.h"
#include "dga/storage/run_results.h"
#include "dga/train/plan.h"
#include "dga/train/train_extras.h"

namespace dga {

/// Each worker measures its shard of the training samples and its share of the others; a carrier
/// does so for each of its workers.
class EpochEvaluator {
 public:
  /// All arguments must outlive this.
  EpochEvaluator(Environment& environment, const TrainPlan& plan, const TrainExtras& extras,
                 const ModelCard& card);

  /// The losses, errors and metrics of an epoch, counted from 0, the same on every worker, without
  /// `seconds`. Leaves the model in evaluation mode. `loss_sums`: over the samples of each of this
  /// carrier's workers.
  /// `loss_unit`: Objective::unit. Collective; blocks. Throws what sum_of_errors throws.
  EpochResult measure(const Model& model, std::int64_t epoch, std::span<const double> loss_sums,
                      double loss_unit);

  /// Over the share of the held-out samples of each of this carrier's workers, at the last call of
  /// `measure`.
  const std::vector<double>& test_errors() const noexcept { return test_errors_; }
  /// The sizes of these shares.
  std::vector<std::int64_t> test_samples() const;
  /// The factor that converts an error to the units of the data; 1 for classification.
  double error_unit() const noexcept { return card_.target_scale * card_.target_scale; }

 private:
  Environment& environment_;
  const TrainPlan& plan_;
  const TrainExtras& extras_;
  const ModelCard& card_;
  struct Shares {
    const std::vector<std::int64_t>& training;
    std::vector<std::int64_t> validation;
    std::vector<std::int64_t> test;
  };
  std::vector<Shares> workers_;  // of this carrier
  std::vector<double> test_errors_;
};

}  // namespace dga
