// SPDX-License-Identifier: Apache-2.0
//
// Whole runs on the engine that the program was started for. Under MPI every rank is a caller.

#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>

#include "dga/base/error.h"
#include "dga/launch/stop_signal.h"
#include "dga/launch/worker_map.h"
#include "dga/predict/saved_model.h"
#include "dga/predict/weights.h"
#include "dga/storage/atomic_file.h"
#include "dga/train/train_run.h"
#include "tests/support/engine_suite.h"
#include "tests/support/error_of.h"
#include "tests/support/made_up_data.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/stopper.h"

namespace dga {
namespace {

using test::error_of;
using testing::HasSubstr;
using testing::MatchesRegex;

RunOptions options_of_test(const ScratchFolder& folder) {
  RunOptions options;
  options.output.folder = folder.file("run");  // of rank 0; other ranks' names are not looked at
  options.workers.ranks_per_node = test::engine_options().ranks_per_node;
  options.workers.timeout = test::engine_options().timeout_s;
  options.model.hidden = {8};
  options.training.epochs = 2;
  options.training.batch = 3;
  return options;
}

WorkerMap workers() {
  return map_workers(test::engine_options());
}

/// `samples_each` a worker, and one more, so that shards are uneven. Beside them a validation set.
TrainPlan plan_of(const RunOptions& options, Engine engine, std::size_t num_workers,
                  std::size_t samples_each = 10) {
  const auto samples = static_cast<std::int64_t>(samples_each * num_workers + 1);
  LoadedData data = test::made_up_classes(samples);
  data.validation = test::made_up_classes(5).train;
  return prepare(plan_tasks(options, engine, static_cast<int>(num_workers), data));
}

RunSummary train(const TrainPlan& plan, const TrainExtras& extras = {}) {
  Progress nobody;
  return train_plan(plan, nobody, extras);
}

TEST(Trainer, GivesTheWeightsThatThreadsGive) {
  const ScratchFolder folder;
  const WorkerMap map = workers();
  RunOptions options = options_of_test(folder);
  options.model.dropout = 0.2;
  options.training.micro_steps = 2;
  options.training.clip_norm = 1;
  options.training.schedule = ScheduleKind::cosine;
  const RunResults found =
      train(plan_of(options, test::engine_options().engine, map.workers.size())).results;
  if (map.own_rank != 0) {
    return;
  }
  options.output.folder = folder.file("threads");
  const RunResults expected =
      train(plan_of(options, Engine::threads, map.workers.size()), {.each_rank_alone = true})
          .results;
  EXPECT_EQ(found.weights_sha256, expected.weights_sha256);
  EXPECT_EQ(found.error, expected.error);
  EXPECT_EQ(found.epochs.back().loss, expected.epochs.back().loss);
  EXPECT_EQ(found.val_error, expected.val_error);
  EXPECT_EQ(found.validation_samples, 5);
}

TEST(Trainer, GivesTheSameWeightsTwice) {
  const ScratchFolder folder;
  const WorkerMap map = workers();
  RunOptions options = options_of_test(folder);
  options.model.dropout = 0.2;
  const auto weights = [&](const char* name) {
    options.output.folder = folder.file(name);
    return train(plan_of(options, test::engine_options().engine, map.workers.size()))
        .results.weights_sha256;
  };
  EXPECT_EQ(weights("first"), weights("second"));
}

TEST(Trainer, TellsEveryCallerTheSame) {
  const ScratchFolder folder;
  const WorkerMap map = workers();
  const TrainPlan plan =
      plan_of(options_of_test(folder), test::engine_options().engine, map.workers.size());
  const RunSummary summary = train(plan);
  EXPECT_EQ(summary.results.engine, name_of(test::engine_options().engine));
  EXPECT_EQ(summary.results.workers, static_cast<int>(map.workers.size()));
  EXPECT_EQ(summary.results.time.values.size(), map.workers.size());
  EXPECT_EQ(summary.results.error.values.size(), map.workers.size());
  EXPECT_EQ(summary.results.steps, plan.num_steps());
  EXPECT_EQ(summary.results.epochs.size(), 2U);
  EXPECT_EQ(summary.results.weights_sha256.size(), 64U);
  if (map.own_rank == 0) {
    EXPECT_EQ(summary.folder, folder.file("run"));
    EXPECT_TRUE(std::filesystem::exists(folder.file("run/results.json")));
  }
}

TEST(Trainer, AFolderThatCannotBeMadeIsEverybodysError) {
  const ScratchFolder folder;
  RunOptions options = options_of_test(folder);
  options.output.folder = "/proc/nowhere";
  const TrainPlan plan = plan_of(options, test::engine_options().engine, workers().workers.size());
  EXPECT_THAT(error_of([&] { train(plan); }),
              HasSubstr("/proc/nowhere: expected to create the folder"));
}

TEST(Trainer, StopsEverywhereBeforeTheSameStepAndSavesTheFinishedEpochs) {
  const ScratchFolder folder;
  const WorkerMap map = workers();
  RunOptions options = options_of_test(folder);
  options.model.dropout = 0.2;
  options.training.epochs = 1'000'000;
  options.training.ema = 0.9;
  {
    const StopSignal signals;
    test::Stopper stopper(9, SIGINT);
    EXPECT_THAT(
        error_of([&] {
          train_plan(plan_of(options, test::engine_options().engine, map.workers.size()), stopper);
        }),
        MatchesRegex("\\[train\\] run: expected [0-9]+ steps, found signal 2 \\(Interrupt\\) after "
                     "step [0-9]+\\. The model and the results after epoch [0-9]+ are in .*\\."));
  }
  if (map.own_rank != 0) {
    return;
  }
  const auto results_in = [&](const std::string& name) {
    return run_results_from_json(read_file(folder.file(name + "/results.json")), name);
  };
  const RunResults stopped = results_in("run");
  EXPECT_TRUE(stopped.stopped);
  EXPECT_FALSE(stopped.stopped_early);
  EXPECT_EQ(weights_sha256(*load_model(folder.file("run")).model.module), stopped.weights_sha256);
  if (test::engine_options().engine == Engine::mpi) {
    return;  // a single rank cannot run another engine
  }
  // A run of that many epochs has the same weights, bit for bit.
  options.training.epochs = stopped.epochs.back().epoch;
  options.output.folder = folder.file("whole");
  const RunResults whole = train(plan_of(options, Engine::threads, map.workers.size())).results;
  EXPECT_EQ(stopped.weights_sha256, whole.weights_sha256);
  EXPECT_EQ(stopped.error, whole.error);
  EXPECT_EQ(stopped.steps, whole.steps);
  EXPECT_EQ(stopped.best_epoch, whole.best_epoch);
}

}  // namespace
}  // namespace dga
