// SPDX-License-Identifier: Apache-2.0

#include "dga/train/plan.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

#include "dga/base/error.h"
#include "tests/support/error_of.h"
#include "tests/support/made_up_data.h"

namespace dga {
namespace {

using testing::ElementsAre;

RunOptions options_with(std::int64_t batch, std::int64_t micro_steps) {
  RunOptions options;
  options.training.batch = batch;
  options.training.micro_steps = micro_steps;
  return options;
}

TEST(Plan, CountsTheSamplesOfEveryStepOverAllWorkers) {
  RunOptions options = options_with(4, 2);
  options.data.test_fraction = 0;
  options.training.epochs = 10;
  // Shards of 12, 11 and 11: batches of 4+4+4, 4+4+4, 4+3+3; steps of two batches, the last of one.
  const TaskPlan plan = plan_tasks(options, Engine::threads, 3, test::made_up_classes(34));
  EXPECT_EQ(plan.batches_per_epoch, 3);
  EXPECT_EQ(plan.steps_per_epoch, 2);
  EXPECT_EQ(plan.num_steps(), 20);
  EXPECT_THAT(plan.step_samples, ElementsAre(24, 10));
  EXPECT_EQ(plan.test, nullptr);
}

TEST(Plan, DealsEveryTrainingSampleOnce) {
  const TaskPlan plan =
      plan_tasks(options_with(16, 1), Engine::threads, 7, test::made_up_classes(100));
  EXPECT_EQ(plan.train->size(), 80);
  EXPECT_EQ(plan.test_samples(), 20);
  std::vector<std::int64_t> dealt;
  for (const auto& shard : plan.shards) {
    dealt.insert(dealt.end(), shard.begin(), shard.end());
  }
  std::sort(dealt.begin(), dealt.end());
  std::vector<std::int64_t> all(80);
  std::iota(all.begin(), all.end(), std::int64_t{0});
  EXPECT_EQ(dealt, all);
}

TEST(Plan, LeavesNothingAutomatic) {
  RunOptions options;
  options.training.optimizer = OptimizerKind::sgd;
  const TaskPlan plan = plan_tasks(options, Engine::processes, 2, test::made_up_line(20));
  EXPECT_EQ(plan.options.workers.engine, Engine::processes);
  EXPECT_EQ(plan.options.workers.count, 2);
  EXPECT_EQ(plan.options.training.lr, resolve_lr(options));
  EXPECT_NE(plan.options.training.lr, 0);
  EXPECT_EQ(plan.options.data.task, Task::regression);
}

TEST(Plan, FewerSamplesThanWorkersIsAnError) {
  EXPECT_THAT(test::error_of<InvalidArgument>(
                  [] { plan_tasks({}, Engine::threads, 30, test::made_up_classes(20)); }),
              testing::HasSubstr("found 16 training samples for 30 workers"));
}

TEST(Plan, MeasuresTheNormalisationOnTrainingSamplesOnly) {
  const LoadedData data = test::made_up_classes(50);
  const TrainPlan plan = prepare(plan_tasks({}, Engine::threads, 2, data));
  const PreparedData expected =
      split_and_normalise(data, RunOptions{}.data.test_fraction, RunOptions{}.training.seed);
  EXPECT_EQ(plan.card.feature_mean, expected.normalisation.mean);
  EXPECT_EQ(plan.card.feature_scale, expected.normalisation.scale);
  EXPECT_EQ(plan.train->size(), expected.train->size());
  EXPECT_EQ(plan.test->size(), expected.test->size());
  EXPECT_EQ(plan.card.outputs, 3);
  EXPECT_THAT(plan.card.class_names, ElementsAre("0", "1", "2"));
}

TEST(Plan, MeasuresTheTargetsOfRegression) {
  RunOptions options;
  options.data.test_fraction = 0;
  const TrainPlan plan = prepare(plan_tasks(options, Engine::threads, 1, test::made_up_line(2000)));
  EXPECT_EQ(plan.card.task, "regression");
  EXPECT_EQ(plan.card.outputs, 1);
  // Of 5 x - 3 y + 100 with x, y uniform in [0, 1): mean 101, variance (25 + 9) / 12.
  EXPECT_NEAR(plan.card.target_mean, 101, 0.2);
  EXPECT_NEAR(plan.card.target_scale, 1.683, 0.05);
}

}  // namespace
}  // namespace dga
