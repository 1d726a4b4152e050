// SPDX-License-Identifier: Apache-2.0
//
// Ranks that differ, or of which one fails, learn it together and can go on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <string>
#include <thread>

#include "dga/base/error.h"
#include "dga/launch/launched_rank.h"
#include "dga/launch/rank_agreement.h"
#include "tests/support/engine_suite.h"
#include "tests/support/error_of.h"

namespace dga::test {
namespace {

/// This rank's number under mpirun; the other engines have one caller.
int caller() {
  return engine_options().engine == Engine::mpi ? launched_rank().value_or(0) : 0;
}

bool has_several_callers() {
  return engine_options().engine == Engine::mpi && launched_ranks() > 1;
}

TEST(Agreement, EqualRanksAgree) {
  LaunchOptions options = engine_options();
  options.facts = {{"data", "the same", "Copy it."}};
  EXPECT_NO_THROW(agree(options));
}

TEST(Agreement, AFactThatDiffersIsAnErrorOfTheLaunchOnEveryRank) {
  LaunchOptions options = engine_options();
  options.facts = {{"data", caller() == 0 ? "old" : "new", "Copy it."}};
  std::atomic<bool> ran = false;
  const auto start = [&] { launch(options, [&](Environment&) { ran = true; }); };
  if (!has_several_callers()) {
    EXPECT_NO_THROW(start());
    return;
  }
  const std::string others =
      launched_ranks() == 2 ? "rank 1" : str("ranks 1-", launched_ranks() - 1);
  // Between hosts their names follow the ranks.
  const std::string host = "( \\([^)]*\\))?";
  EXPECT_THAT(error_of<InvalidArgument>(start),
              testing::MatchesRegex(
                  str("\\[launch\\] data: expected the same on all ranks, found old on rank 0",
                      host, " and new on ", others, host, "\\. Copy it\\.")));
  EXPECT_FALSE(ran);
  run_on_workers([](Environment& environment) { environment.world().barrier(); });
}

TEST(Agreement, OptionsOfTheLaunchAreCompared) {
  LaunchOptions options = engine_options();
  options.ranks_per_node = caller() + 1;
  options.seed = 5 + static_cast<std::uint64_t>(caller());
  if (has_several_callers()) {
    EXPECT_THAT(error_of<InvalidArgument>([&] { launch(options, [](Environment&) {}); }),
                testing::AllOf(testing::StartsWith("[launch] ranks-per-node: expected the same on "
                                                   "all ranks, found 1 on rank 0"),
                               testing::HasSubstr("; seed differs too. ")));
  }
  run_on_workers([](Environment& environment) { environment.world().barrier(); });
}

TEST(Agreement, TheErrorOfARankIsThatOfAll) {
  const int last = has_several_callers() ? launched_ranks() - 1 : 0;
  const auto start = [&] {
    if (caller() == last) {
      fail_together(engine_options(),
                    std::make_exception_ptr(DataError("a.csv:3: expected a number.")));
    }
    launch(engine_options(), [](Environment&) {});
  };
  EXPECT_THAT(
      error_of<DataError>(start),
      has_several_callers()
          ? testing::MatchesRegex(str("a.csv:3: expected a number. \\(rank ", last, " on [^ ]+\\)"))
          : testing::MatchesRegex("a.csv:3: expected a number."));
  run_on_workers([](Environment& environment) { environment.world().barrier(); });
}

TEST(Agreement, AnErrorOfAllRanksIsThatOfTheFirst) {
  EXPECT_EQ(error_of<InvalidArgument>([] {
              fail_together(engine_options(),
                            std::make_exception_ptr(InvalidArgument(str("error ", caller()))));
            }),
            "error 0");
}

TEST(Agreement, TheFirstRankWorksAndAllReturnWhatItReturned) {
  if (engine_options().engine != Engine::mpi) {
    EXPECT_EQ(on_first_rank({}, [] { return 7; }), 7);
    return;
  }
  int calls = 0;
  EXPECT_EQ(on_first_rank({}, [&] { return 7 + calls++ + caller(); }), 7);
  EXPECT_EQ(calls, caller() == 0 ? 1 : 0);
}

TEST(Agreement, TheFirstRankWorksBeforeTheOthersGoOn) {
  int calls = 0;
  const bool first = first_rank_first(engine_options(), [&] {
    ++calls;
    // Longer than it takes until the others hear of it.
    std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  });
  EXPECT_EQ(first, caller() == 0);
  EXPECT_EQ(calls, caller() == 0 ? 1 : 0);
  const auto fail = [] {
    first_rank_first(engine_options(), [] { throw DataError("a.csv: bad"); });
  };
  EXPECT_THAT(error_of<DataError>(fail),
              testing::MatchesRegex(has_several_callers() ? "a.csv: bad \\(rank 0 on [^ ]+\\)"
                                                          : "a.csv: bad"));
  run_on_workers([](Environment& environment) { environment.world().barrier(); });
}

}  // namespace
}  // namespace dga::test
