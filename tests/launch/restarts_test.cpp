// SPDX-License-Identifier: Apache-2.0
//
// Workers that are started again: they go on, and a program that is wrong ends.

#include "dga/launch/restarts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "dga/base/process_threads.h"
#include "dga/comm/arena/segment.h"
#include "dga/launch/launch.h"
#include "dga/launch/stop_signal.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

/// Counters that forked workers share with their parent.
struct Counters {
  std::atomic<std::int32_t> starts;
  std::atomic<std::int32_t> ends;
};

class RestartsTest : public testing::TestWithParam<Engine> {
 protected:
  Counters& counters() const { return *reinterpret_cast<Counters*>(memory_.data()); }
  LaunchOptions options(int max_restarts) const {
    return {.engine = GetParam(), .workers = 3, .timeout_s = 20, .max_restarts = max_restarts};
  }

 private:
  Segment memory_ = Segment::create(MemoryKind::mapped, sizeof(Counters), 1);
};

TEST_P(RestartsTest, WorkersAreToldAndTheLastAttemptCounts) {
  launch(options(5), [&](Environment& environment) {
    ++counters().starts;
    environment.world().note_steps(10 + environment.restarts());
    environment.world().barrier();
    if (environment.restarts() < 3 && environment.rank() == 1) {
      throw std::runtime_error("planted");
    }
    environment.world().barrier();
    EXPECT_EQ(environment.restarts(), 3);
    ++counters().ends;
  });
  EXPECT_EQ(counters().starts, 12);
  EXPECT_EQ(counters().ends, 3);
}

TEST_P(RestartsTest, AFailureAtTheSameStepEndsTheLaunchWithTheFirstError) {
  const std::string error = test::error_of([&] {
    launch(options(50), [&](Environment& environment) {
      environment.world().note_steps(7);
      environment.world().barrier();
      if (environment.is_root()) {
        ++counters().starts;
        throw std::runtime_error(str("planted ", environment.restarts()));
      }
      environment.world().barrier();
    });
  });
  EXPECT_THAT(error,
              MatchesRegex("\\[launch\\] worker 0 failed: planted 0.*It happened again after a "
                           "restart, after step 7, so there is no other one\\."));
  EXPECT_EQ(counters().starts, 2);
}

TEST_P(RestartsTest, SoDoesTheSameFailureBeforeTheFirstStep) {
  EXPECT_THAT(test::error_of([&] {
                launch(options(50), [](Environment& environment) {
                  if (environment.is_root()) {
                    throw std::runtime_error("planted");
                  }
                  environment.world().barrier();
                });
              }),
              HasSubstr("It happened again after a restart, before the first step, so"));
}

TEST_P(RestartsTest, AllRestartsMayBeUsedUp) {
  EXPECT_THAT(test::error_of([&] {
                launch(options(2), [](Environment& environment) {
                  environment.world().note_steps(environment.restarts() + 1);
                  environment.world().barrier();
                  throw std::runtime_error("planted");
                });
              }),
              HasSubstr("All 2 restarts are used up."));
}

TEST_P(RestartsTest, WithoutThemTheErrorIsPlain) {
  EXPECT_THAT(test::error_of([&] {
                launch(options(0), [&](Environment& environment) {
                  ++counters().starts;
                  environment.world().barrier();
                  throw std::runtime_error("planted");
                });
              }),
              MatchesRegex("\\[launch\\] worker [0-2] failed: planted.*"));
  EXPECT_EQ(counters().starts, 3);
}

TEST_P(RestartsTest, ASignalEndsTheLaunchInstead) {
  const StopSignal signals;
  EXPECT_THAT(test::error_of([&] {
                launch(options(5), [&](Environment& environment) {
                  ++counters().starts;
                  environment.world().barrier();
                  StopSignal::request(SIGTERM);
                  throw std::runtime_error("planted");
                });
              }),
              HasSubstr("planted"));
  EXPECT_EQ(counters().starts, 3);
}

/// Under ThreadSanitizer, which has a thread of its own, worker processes are the program executed
/// again, which share no counters. Restarts.ComeAfterKillsAndStalls has such workers.
#ifdef __SANITIZE_THREAD__
constexpr std::array kEnginesWithCounters{Engine::threads};
#else
constexpr std::array kEnginesWithCounters{Engine::threads, Engine::processes};
#endif

INSTANTIATE_TEST_SUITE_P(Engines, RestartsTest, testing::ValuesIn(kEnginesWithCounters));

TEST(Restarts, ComeAfterKillsAndStalls) {
  const bool forks = single_threaded();  // otherwise workers have counters of their own
  for (const int number : {SIGKILL, SIGSTOP}) {
    Segment memory = Segment::create(MemoryKind::mapped, sizeof(Counters), 1);
    auto& counters = *reinterpret_cast<Counters*>(memory.data());
    launch({.engine = Engine::processes, .workers = 3, .timeout_s = 1, .max_restarts = 5},
           [&](Environment& environment) {
             environment.world().note_steps(environment.restarts() + 1);
             environment.world().barrier();
             if (environment.restarts() < 2 && environment.rank() == environment.restarts()) {
               kill(getpid(), number);  // worker 0 first
             }
             environment.world().barrier();
             ++counters.ends;
           });
    EXPECT_EQ(counters.ends, forks ? 3 : 0) << number;
  }
}

TEST(Restarts, AreRefusedWhereNumbersAreNegative) {
  EXPECT_EQ(test::error_of([] {
              launch({.engine = Engine::threads, .workers = 1, .max_restarts = -1},
                     [](Environment&) {});
            }),
            "[launch] max_restarts: expected 0 or more, found -1.");
}

TEST(Restarts, DoNotTellFailuresApartByNumbersOfProcesses) {
  Restarts restarts(9);
  EXPECT_TRUE(restarts.allow({.number = 0}, "worker 2 (process 41) was killed; nobody waited"));
  EXPECT_FALSE(restarts.allow({.number = 1}, "worker 1 (process 52) was killed; worker 0 waited"));
  EXPECT_EQ(restarts.error(), "worker 2 (process 41) was killed; nobody waited.");
  Restarts others(9);
  EXPECT_TRUE(others.allow({.number = 0, .steps = 5}, "worker 2 failed: x"));
  EXPECT_TRUE(others.allow({.number = 1, .steps = 6}, "worker 2 failed: x"));
  EXPECT_TRUE(others.allow({.number = 2, .steps = 5}, "worker 2 failed: x"));
  EXPECT_FALSE(others.allow({.number = 3, .steps = 5}, "worker 2 failed: y"));
  EXPECT_EQ(others.error(), "worker 2 failed: x.");
}

}  // namespace
}  // namespace dga
