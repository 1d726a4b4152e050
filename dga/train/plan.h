// SPDX-License-Identifier: Apache-2.0
//
// Plan: everything about a run that follows from its options and its data, before any worker
// starts. Every process that takes part works it out alike.

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dga/data/load.h"
#include "dga/options/run_options.h"
#include "dga/storage/model_card.h"

namespace dga {

/// Which worker trains and tests on which samples, and in how many steps.
struct TaskPlan {
  /// With engine, workers, lr and task as they were chosen; none is automatic any more.
  RunOptions options = {};
  std::shared_ptr<const Dataset> train = {};
  std::shared_ptr<const Dataset> test = {};            // null when nothing is held out
  std::vector<std::vector<std::int64_t>> shards = {};  // of `train`, one a worker
  std::int64_t batches_per_epoch = 0;                  // of each worker, some of them empty
  std::int64_t steps_per_epoch = 0;                    // batches_per_epoch / micro_steps, upwards
  std::vector<std::int64_t> step_samples = {};         // (steps_per_epoch), of all workers together

  std::int64_t num_steps() const noexcept { return steps_per_epoch * options.training.epochs; }
  std::int64_t test_samples() const { return test == nullptr ? 0 : test->size(); }
};

/// A task plan with the samples as the model sees them.
struct TrainPlan : TaskPlan {
  ModelCard card = {};
  std::vector<double> class_weights = {};  // (classes); empty: all samples count alike
};

/// How the options of a run call for its data to be loaded, by `engine`, which is not automatic.
LoadOptions load_options_of(const RunOptions& options, Engine engine);

/// Splits and deals the samples to `workers` workers. Throws InvalidArgument when there are fewer
/// training samples than workers.
TaskPlan plan_tasks(const RunOptions& options, Engine engine, int workers, const LoadedData& data);

/// Measures the normalisation of features, and of targets for regression, on the training samples,
/// and the weights of classes.
TrainPlan prepare(TaskPlan tasks);

}  // namespace dga
