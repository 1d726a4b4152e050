// SPDX-License-Identifier: Apache-2.0

#include "dga/train/run_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "dga/base/error.h"
#include "dga/train/program_state.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Of 30 workers, in step 7 of the third epoch of 40 steps, of which one was skipped.
RunState in_the_third_epoch() {
  RunState state;
  state.options.workers.count = 30;
  state.data = {{.name = "samples", .value = "400"}};
  state.epochs = {{.epoch = 1}, {.epoch = 2}};
  state.position = {.step = 7, .skipped = 1, .seconds = 0.5, .losses = std::vector<double>(30, 1)};
  state.seconds.assign(30, {1, 2, 3, 4});
  state.saved_errors.assign(30, 0.25);
  state.numbers.num_steps = 86;
  state.numbers.num_skipped = 1;
  return state;
}

TEST(RunState, WithOtherWorkersBeginsTheEpochAgain) {
  RunState changed = in_the_third_epoch();
  change_workers(changed, 7);
  // As the workers receive it.
  const RunState state = run_state_from_json(to_json(changed), "state.json");
  EXPECT_THAT(state.workers_changed, ElementsAre(WorkersChange{86, 2, 30, 7}));
  EXPECT_EQ(state.options.workers.count, 7);
  EXPECT_TRUE(state.position.is_between_epochs());
  EXPECT_TRUE(state.position.losses.empty());
  EXPECT_EQ(state.step(), 87);
  EXPECT_EQ(state.seconds, std::vector<PhaseSeconds>(7));
  ASSERT_EQ(state.saved_errors.size(), 7U);
  EXPECT_TRUE(std::isnan(state.saved_errors[6]));
}

TEST(RunState, ScheduleFollowsTheEpochsAfterAChange) {
  RunState state = in_the_third_epoch();
  EXPECT_EQ(schedule_lead(state.workers_changed, 40), 0);
  change_workers(state, 7);
  // The third of all epochs of 170 steps begins with step 340.
  EXPECT_EQ(86 + schedule_lead(state.workers_changed, 170), 340);
  state.epochs.push_back({.epoch = 3});
  state.numbers.num_steps = 256;
  change_workers(state, 30);
  EXPECT_EQ(256 + schedule_lead(state.workers_changed, 40), 120);
}

TEST(RunState, OfAProgramIsRefusedAndTheOtherWayRound) {
  EXPECT_EQ(test::error_of<StorageError>(
                [] { run_state_from_json(to_json(ProgramState{.workers = 2}), "state.json"); }),
            "[train] state.json: expected the state of a run of dga train, found that of a program "
            "with a dga::Checkpointer. Start that program to go on from it.");
  EXPECT_THAT(test::error_of<StorageError>(
                  [] { program_state_from_json(to_json(in_the_third_epoch()), "state.json"); }),
              HasSubstr("[train] state.json: expected the state of a program with a "
                        "dga::Checkpointer, found another one."));
}

}  // namespace
}  // namespace dga
