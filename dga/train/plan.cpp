// SPDX-License-Identifier: Apache-2.0

#include "dga/train/plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "dga/base/error.h"
#include "dga/data/batches/sampler.h"
#include "dga/data/data_facts.h"
#include "dga/data/shards.h"
#include "dga/data/stream/blocks.h"
#include "dga/data/stream/kept_normalisation.h"
#include "dga/data/stream/streamed_dataset.h"
#include "dga/launch/launch_options.h"

namespace dga {
namespace {

/// The number of samples in the `index`-th batch of an epoch, summed over workers.
std::int64_t samples_in_batch(const TaskPlan& plan, std::int64_t index) {
  std::int64_t total = 0;
  for (const auto& shard : plan.shards) {
    const auto samples = static_cast<std::int64_t>(shard.size());
    total += std::clamp<std::int64_t>(samples - index * plan.options.training.batch, 0,
                                      plan.options.training.batch);
  }
  return total;
}

void count_steps(TaskPlan& plan) {
  const std::int64_t micro_steps = plan.options.training.micro_steps;
  plan.batches_per_epoch = steps_per_epoch(plan.shards, plan.options.training.batch);
  plan.steps_per_epoch = (plan.batches_per_epoch + micro_steps - 1) / micro_steps;
  plan.step_samples.assign(static_cast<std::size_t>(plan.steps_per_epoch), 0);
  for (std::int64_t i = 0; i < plan.batches_per_epoch; ++i) {
    plan.step_samples[static_cast<std::size_t>(i / micro_steps)] += samples_in_batch(plan, i);
  }
}

/// The weight of class c with N_c samples: N / (classes * N_c), or 0 for a class without samples.
/// `classes` counts only classes with samples, so that the mean weight over the samples is 1.
std::vector<double> balanced_weights(const Dataset& training) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(training.num_classes()), 0);
  for (const std::int64_t label : class_labels(training)) {
    ++counts[static_cast<std::size_t>(label)];
  }
  const auto empty = std::count(counts.begin(), counts.end(), 0);
  const auto classes = static_cast<double>(counts.size()) - static_cast<double>(empty);
  std::vector<double> weights;
  weights.reserve(counts.size());
  for (const std::int64_t count : counts) {
    weights.push_back(count == 0 ? 0
                                 : static_cast<double>(training.size()) /
                                       (classes * static_cast<double>(count)));
  }
  return weights;
}

/// Samples may have been loaded as a stream before the run had options. Only here it is known how
/// many workers share them.
void take_streams(TaskPlan& plan, const LoadedData& data) {
  DataOptions& options = plan.options.data;
  options.samples.stream = dynamic_cast<const StreamedDataset*>(data.train.get()) != nullptr;
  const std::int64_t width = data.train->num_features();
  options.samples.shuffle_window = resolve_shuffle_window(plan.options, width);
  if (!options.samples.stream) {
    return;
  }
  check_stream_order(plan.options);
  const WorkerOptions& workers = plan.options.workers;
  const int sharing = workers.engine == Engine::threads ? workers.count : plan.blocks().of(0).count;
  for (const auto& set : {data.train, data.validation, data.test}) {
    if (const auto* stream = dynamic_cast<const StreamedDataset*>(set.get())) {
      stream->keep_blocks(blocks_of_workers(sharing, options.samples.shuffle_window, width));
    }
  }
}

/// Under MPI the ranks are the carriers, unless the caller knows that there are fewer.
int carriers_of(const RunOptions& options, Engine engine, int workers) {
  const int asked = options.workers.carriers;
  if (engine == Engine::mpi) {
    return asked > 0 ? asked : workers;
  }
  return resolve_blocks({.engine = engine, .workers = workers, .carriers = asked}).carriers();
}

}  // namespace

TaskPlan plan_tasks(const RunOptions& options, Engine engine, int workers, const LoadedData& data) {
  HeldOut sets = hold_out(data, options.data.test_fraction, options.training.seed);
  TaskPlan plan{.options = options,
                .train = std::move(sets.train),
                .test = std::move(sets.test),
                .validation = std::move(sets.validation),
                .columns = data.columns,
                .summary = summary_of(data),
                .index = data.index};
  add_data_facts(data, plan.data_facts);
  plan.options.workers.engine = engine;
  plan.options.workers.count = workers;
  plan.options.workers.carriers = carriers_of(options, engine, workers);
  plan.options.training.lr = resolve_lr(options);
  take_streams(plan, data);
  plan.options.data.task =
      data.train->label_type() == DType::f32 ? Task::regression : Task::classification;
  plan.shards = shards(*plan.train, workers, options.data.shard, options.training.seed);
  count_steps(plan);
  return plan;
}

TaskPlan plan_tasks(const RunOptions& options, Engine engine, const WorkerMap& map,
                    const LoadedData& data) {
  RunOptions resolved = options;
  resolved.workers.carriers = map.carriers;
  return plan_tasks(resolved, engine, static_cast<int>(map.workers.size()), data);
}

TrainPlan prepare(TaskPlan tasks) {
  TrainPlan plan{std::move(tasks)};
  Normalisation features =
      find_or_measure_normalisation(plan.index.get(), *plan.train, plan.columns.missing,
                                    plan.options.data.test_fraction, plan.options.training.seed);
  ModelCard& card = plan.card;
  card.input_shape = plan.train->sample_shape();
  card.hidden = plan.options.model.hidden;
  card.dropout = plan.options.model.dropout;
  const Origins origins = plan.train->origins();
  card.feature_origin = origins.features;
  card.feature_mean = features.mean;
  card.feature_scale = features.scale;
  card.columns = plan.columns;
  card.resized = !plan.options.data.samples.resize.empty();
  std::optional<TargetNormalisation> targets;
  if (plan.options.data.task == Task::regression) {
    targets = measure_target_normalisation(*plan.train);
    card.task = "regression";
    card.outputs = 1;
    card.target_origin = origins.target;
    card.target_mean = origins.target + targets->mean;
    card.target_scale = targets->scale;
  } else {
    card.outputs = plan.train->num_classes();
    card.class_names = plan.train->class_names();
  }
  if (plan.options.training.class_weights == ClassWeights::balanced) {
    plan.class_weights = balanced_weights(*plan.train);
  }
  plan.train = std::make_shared<Normalised>(plan.train, features, targets);
  if (plan.test != nullptr) {
    plan.test = std::make_shared<Normalised>(plan.test, features, targets);
  }
  if (plan.validation != nullptr) {
    plan.validation = std::make_shared<Normalised>(plan.validation, features, targets);
  }
  return plan;
}

}  // namespace dga
