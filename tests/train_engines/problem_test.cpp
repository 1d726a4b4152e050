// SPDX-License-Identifier: Apache-2.0
//
// The problem API on the engine that the program was started for. Under MPI every rank makes the
// same calls.

#include "dga/problem/problem.h"

#include <gmock/gmock.h>

#include "dga/launch/worker_map.h"
#include "tests/support/engine_suite.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

class Problem : public testing::Test {
 protected:
  Problem() : map_(map_workers(test::engine_options())) {
    create_environment({.workers = {.engine = test::engine_options().engine,
                                    .ranks_per_node = test::engine_options().ranks_per_node,
                                    .timeout = test::engine_options().timeout_s}});
  }
  ~Problem() override { close(); }

  FactorizationProblem problem() const {
    return create_factorization_problem({.data_dir = "data/digits",
                                         .num_client_items = static_cast<int>(map_.workers.size()),
                                         .data_size = 10,
                                         .run = {.training = {.epochs = 1, .batch = 64},
                                                 .output = {.folder = folder_.file("run")}}});
  }

  ScratchFolder folder_;
  WorkerMap map_;
};

TEST_F(Problem, TasksAreAssignedToTheNodesOfTheirWorkers) {
  const auto tasks = assign_tasks(problem());
  ASSERT_EQ(tasks.size(), map_.workers.size());
  std::int64_t samples = 0;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    EXPECT_EQ(tasks[i].worker, static_cast<int>(i));
    EXPECT_EQ(tasks[i].node, map_.workers[i].node);
    EXPECT_EQ(tasks[i].host, map_.workers[i].host);
    samples += tasks[i].num_samples + tasks[i].num_test_samples;
  }
  EXPECT_EQ(samples, 1797);
  const int per_node = test::engine_options().ranks_per_node;
  if (per_node > 0) {
    EXPECT_EQ(tasks.back().node, (static_cast<int>(tasks.size()) - 1) / per_node);
  }
}

TEST_F(Problem, ApplyGivesEveryCallerTheResults) {
  const RunSummary summary = DistributedGradientAccumulator::apply(problem());
  EXPECT_EQ(summary.results.engine, name_of(test::engine_options().engine));
  EXPECT_EQ(dga::time().values().size(), map_.workers.size());
  EXPECT_GT(dga::time().mean(), 0);
  EXPECT_EQ(error().mean(), summary.results.error.mean);
}

TEST_F(Problem, TheSelfTestPasses) {
  const SelfTestReport report = self_test();
  EXPECT_TRUE(report.passed) << testing::PrintToString(report.lines);
  EXPECT_EQ(report.lines.size(), 3U);
}

}  // namespace
}  // namespace dga
