// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <set>

#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/base/process_threads.h"
#include "dga/launch/before_fork.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

std::string error_with(const LaunchOptions& options) {
  return test::error_of([&] { launch(options, [](Environment&) {}); });
}

TEST(Launch, RunsEveryRankOnce) {
  std::atomic<int> ranks{0};
  launch({.engine = Engine::threads, .workers = 7}, [&](Environment& environment) {
    EXPECT_EQ(environment.workers(), 7);
    EXPECT_EQ(environment.engine(), Engine::threads);
    ranks += 1 << environment.rank();
  });
  EXPECT_EQ(ranks, 127);
}

TEST(Launch, WorkerCountsOutOfBoundsAreRefused) {
  for (const int workers : {0, -3, 1000000}) {
    for (const auto engine : {Engine::threads, Engine::processes}) {
      EXPECT_EQ(error_with({.engine = engine, .workers = workers}),
                str("[launch] workers: expected 1 to 4096, found ", workers,
                    ". Pass a number in this range."));
    }
  }
  EXPECT_EQ(error_with({.engine = Engine::threads, .workers = 1, .timeout_s = 0}),
            "[launch] timeout: expected more than 0 seconds, found 0. Pass a positive number.");
}

TEST(Launch, AMeshThatDoesNotFitTheWorkersIsAnErrorOfTheLaunch) {
  // All workers find it; whoever says it first is named.
  EXPECT_THAT(
      error_with({.engine = Engine::threads, .workers = 3, .mesh = MeshSizes{.data = 2}}),
      testing::MatchesRegex("\\[launch\\] worker [0-2] failed: \\[mesh\\] data=2 x pipeline=1 "
                            "x tensor=1 x space=1 needs 2 workers, but the world has 3. "
                            "Launch 2 workers or resize an axis..*"));
}

TEST(Launch, ForkedWorkersSeeCopies) {
  int value = 1;
  launch({.engine = Engine::processes, .workers = 2}, [&](Environment& environment) {
    value += 10;
    std::int32_t sum = value + environment.rank();
    environment.world().all_reduce({&sum, 1});
    if (sum != 23) {
      throw Error("the parent's variables were not seen");
    }
  });
  EXPECT_EQ(value, 1) << "what children change stays theirs";
}

int prepared_by = 0;  // a process

TEST(Launch, WhatIsDoneBeforeAForkIsInheritedByTheWorkers) {
  before_fork([] { prepared_by = getpid(); });
  launch({.engine = Engine::threads, .workers = 2}, [](Environment&) {});
  EXPECT_EQ(prepared_by, 0);
  // ThreadSanitizer has a thread of its own, so workers are executed again, and come here
  // themselves.
  const bool forks = single_threaded();
  const pid_t caller = getpid();
  launch({.engine = Engine::processes, .workers = 2}, [caller](Environment&) {
    DGA_CHECK(prepared_by == caller || getpid() == caller, "found ", prepared_by);
  });
  EXPECT_EQ(prepared_by, forks ? caller : 0);
}

TEST(Launch, ThirtyWorkersStartQuickly) {
  // A user waits for this at every run. Twice the promise, for busy machines.
  for (const auto& [engine, most] :
       {std::pair(Engine::threads, 1.0), std::pair(Engine::processes, 3.0)}) {
    const double started = now_seconds();
    launch({.engine = engine, .workers = 30},
           [](Environment& environment) { environment.world().barrier(); });
    const double seconds = now_seconds() - started;
    RecordProperty(str("seconds_", name_of(engine)), str(seconds));
    EXPECT_LT(seconds, most) << name_of(engine);
  }
}

TEST(Launch, EngineNamesAreReadBack) {
  for (const auto engine : {Engine::automatic, Engine::threads, Engine::processes, Engine::mpi}) {
    EXPECT_EQ(engine_from(name_of(engine)), engine);
  }
  EXPECT_EQ(test::error_of<InvalidArgument>([] { engine_from("gpu"); }),
            "[options] engine: expected auto, threads, processes or mpi, found 'gpu'.");
}

TEST(Launch, AutoMeansMpiUnderALauncherAndElseThreads) {
  ASSERT_EQ(std::getenv("OMPI_COMM_WORLD_RANK"), nullptr);
  EXPECT_EQ(resolve_engine(Engine::automatic), Engine::threads);
  setenv("OMPI_COMM_WORLD_RANK", "4", 1);
  EXPECT_EQ(resolve_engine(Engine::automatic), Engine::mpi);
  EXPECT_EQ(resolve_engine(Engine::processes), Engine::processes);
  unsetenv("OMPI_COMM_WORLD_RANK");
}

}  // namespace
}  // namespace dga
