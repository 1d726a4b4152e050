// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/launched_rank.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

#include "dga/base/error.h"
#include "dga/launch/launch.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

using Variables = std::map<std::string, std::string>;

/// Variables as an MPI launcher sets them, while it exists.
class Launched {
 public:
  explicit Launched(Variables variables) : variables_(std::move(variables)) {
    for (const auto& [name, value] : variables_) {
      setenv(name.c_str(), value.c_str(), 1);
    }
  }
  ~Launched() {
    for (const auto& [name, value] : variables_) {
      unsetenv(name.c_str());
    }
  }
  Launched(const Launched&) = delete;
  Launched& operator=(const Launched&) = delete;

 private:
  Variables variables_;
};

TEST(LaunchedRank, IsWhatTheLauncherSays) {
  EXPECT_EQ(launched_rank(), std::nullopt);
  EXPECT_EQ(launched_ranks(), 0);
  EXPECT_FALSE(has_other_ranks());
  const Variables open_mpi{{"OMPI_COMM_WORLD_RANK", "3"}, {"OMPI_COMM_WORLD_SIZE", "4"}};
  const Variables mpich{{"PMI_RANK", "3"}, {"PMI_SIZE", "4"}};
  const Variables srun{{"PMIX_RANK", "3"}, {"SLURM_STEP_NUM_TASKS", "4"}};
  for (const auto& variables : {open_mpi, mpich, srun}) {
    const Launched launched(variables);
    EXPECT_EQ(launched_rank(), 3);
    EXPECT_EQ(launched_ranks(), 4);
    EXPECT_TRUE(has_other_ranks());
  }
}

TEST(LaunchedRank, ASingleRankHasNoOthers) {
  const Launched launched(Variables{{"PMI_RANK", "0"}, {"PMI_SIZE", "1"}});
  EXPECT_FALSE(has_other_ranks());
  EXPECT_NO_THROW(check_engine(Engine::threads));
}

TEST(LaunchedRank, TasksOfSlurmWithoutMpiAreNoRanks) {
  const Launched launched(Variables{{"SLURM_STEP_NUM_TASKS", "4"}, {"SLURM_PROCID", "1"}});
  EXPECT_EQ(launched_ranks(), 0);
  EXPECT_FALSE(has_other_ranks());
}

TEST(LaunchedRank, EnginesThatRanksDoNotShareAreRefusedBesideOtherRanks) {
  const Launched launched(Variables{{"PMIX_RANK", "0"}});  // the number of ranks is not known
  EXPECT_NO_THROW(check_engine(Engine::mpi));
  EXPECT_NO_THROW(check_engine(Engine::automatic));
  for (const Engine engine : {Engine::threads, Engine::processes}) {
    int calls = 0;
    EXPECT_EQ(test::error_of<InvalidArgument>([&] {
                launch({.engine = engine, .workers = 1}, [&](Environment&) { ++calls; });
              }),
              str("[launch] engine: expected mpi or auto on one of several MPI ranks, found ",
                  name_of(engine),
                  ", with which each rank would do the whole work. Leave it out, or start the "
                  "program without the MPI launcher."));
    EXPECT_EQ(calls, 0);
    EXPECT_NO_THROW(
        launch({.engine = engine, .workers = 1, .each_rank_alone = true}, [](Environment&) {}));
  }
}

}  // namespace
}  // namespace dga
