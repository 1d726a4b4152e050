// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/launch_options.h"

#include <gtest/gtest.h>

namespace dga {
namespace {

TEST(LaunchOptions, WorkersThatAreLeftOpenAreAllMpiRanksOrOne) {
  EXPECT_EQ(resolve_workers({}, Engine::threads), 1);
  EXPECT_EQ(resolve_workers({}, Engine::mpi), 0);
  RunOptions options;
  options.workers.count = 30;
  EXPECT_EQ(resolve_workers(options, Engine::threads), 30);
  EXPECT_EQ(resolve_workers(options, Engine::mpi), 30);
}

TEST(LaunchOptions, AreFilledFromRunOptions) {
  RunOptions options;
  options.workers.timeout = 7;
  options.training.seed = 9;
  options.workers.ranks_per_node = 2;
  options.workers.count = 3;
  const LaunchOptions launch = launch_options_of(options, Engine::processes);
  EXPECT_EQ(launch.engine, Engine::processes);
  EXPECT_EQ(launch.timeout_s, 7);
  EXPECT_EQ(launch.seed, 9U);
  EXPECT_EQ(launch.ranks_per_node, 2);
  EXPECT_EQ(launch.workers, 3);
}

}  // namespace
}  // namespace dga
