// SPDX-License-Identifier: Apache-2.0
//
// Plan: everything about a run that follows from its options and its data, before any worker
// starts. Every process of the run computes the same plan.

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dga/base/fact.h"
#include "dga/comm/worker_blocks.h"
#include "dga/data/load.h"
#include "dga/launch/worker_map.h"
#include "dga/options/run_options.h"
#include "dga/storage/model_card.h"

namespace dga {

/// The samples that each worker trains on and evaluates, and the number of steps.
struct TaskPlan {
  /// engine, workers, carriers, lr and task are resolved: none of them is automatic.
  RunOptions options = {};
  std::shared_ptr<const Dataset> train = {};
  std::shared_ptr<const Dataset> test = {};        // null when nothing is held out
  std::shared_ptr<const Dataset> validation = {};  // null: the data has no validation set
  Columns columns = {};                            // of the data, see LoadedData
  DataSummary summary = {};
  std::vector<Fact> data_facts = {};                   // see add_data_facts
  std::shared_ptr<const TrainingIndex> index = {};     // of `train`, see LoadedData
  std::vector<std::vector<std::int64_t>> shards = {};  // of `train`, one per worker
  std::int64_t batches_per_epoch = 0;                  // per worker; some may be empty
  std::int64_t steps_per_epoch = 0;             // batches_per_epoch / micro_steps, rounded up
  std::vector<std::int64_t> step_samples = {};  // (steps_per_epoch), summed over workers

  WorkerBlocks blocks() const { return {options.workers.count, options.workers.carriers}; }
  std::int64_t num_steps() const noexcept { return steps_per_epoch * options.training.epochs; }
  std::int64_t test_samples() const { return test == nullptr ? 0 : test->size(); }
  std::int64_t validation_samples() const { return validation == nullptr ? 0 : validation->size(); }
};

/// A task plan with normalised samples.
struct TrainPlan : TaskPlan {
  ModelCard card = {};
  std::vector<double> class_weights = {};  // (classes); empty: all samples count equally
};

/// Splits the samples, and shards them over `workers` workers. Throws InvalidArgument when there
/// are fewer training samples than workers.
TaskPlan plan_tasks(const RunOptions& options, Engine engine, int workers, const LoadedData& data);
/// The same for the workers of a launch.
TaskPlan plan_tasks(const RunOptions& options, Engine engine, const WorkerMap& map,
                    const LoadedData& data);

/// Measures on the training samples: the normalisation of the features, that of the targets for
/// regression, and the class weights if the options ask for them.
TrainPlan prepare(TaskPlan tasks);

}  // namespace dga
