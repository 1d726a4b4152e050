// SPDX-License-Identifier: Apache-2.0

#include "dga/base/step_recorder.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace dga {
namespace {

void sleep_ms(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

TEST(StepRecorder, AddsTimeToThePhaseThatRuns) {
  StepRecorder recorder;
  recorder.enter(StepPhase::wait);
  sleep_ms(20);
  recorder.enter(StepPhase::reduce);
  sleep_ms(10);
  recorder.enter(StepPhase::wait);
  sleep_ms(20);
  recorder.end_step();
  ASSERT_EQ(recorder.num_steps(), 1);
  EXPECT_GE(recorder.total(StepPhase::wait), 0.040);
  EXPECT_GE(recorder.total(StepPhase::reduce), 0.010);
  EXPECT_LT(recorder.total(StepPhase::reduce), recorder.total(StepPhase::wait));
  EXPECT_LT(recorder.total(StepPhase::compute), 0.010);
  EXPECT_NEAR(recorder.mean(), recorder.steps()[0].total(), 1e-6);
}

TEST(StepRecorder, ForgetsWhatLiesBetweenSteps) {
  StepRecorder recorder;
  recorder.end_step();
  sleep_ms(30);
  recorder.restart();
  recorder.end_step();
  EXPECT_LT(recorder.steps()[1].total(), 0.030);
}

TEST(StepRecorder, TakesTheMiddleStepAsMedian) {
  StepRecorder recorder;
  EXPECT_EQ(recorder.median(), 0);
  EXPECT_EQ(recorder.mean(), 0);
  for (const int ms : {0, 40, 10}) {
    recorder.restart();
    sleep_ms(ms);
    recorder.end_step();
  }
  EXPECT_GE(recorder.median(), 0.010);
  EXPECT_LT(recorder.median(), 0.040);
  recorder.restart();
  recorder.end_step();  // of an even number the mean of the middle two: 0 and 10 ms
  EXPECT_GE(recorder.median(), 0.005);
  EXPECT_LT(recorder.median(), 0.010 + 0.010);
}

/// "compute wait end …"
std::string phases_of(const std::vector<PhaseMark>& marks) {
  std::string text;
  for (const PhaseMark& mark : marks) {
    text += mark.ends_step                     ? "end "
            : mark.phase == StepPhase::compute ? "compute "
            : mark.phase == StepPhase::reduce  ? "reduce "
                                               : "wait ";
  }
  return text;
}

TEST(StepRecorder, TracesNothingUnlessAsked) {
  StepRecorder recorder;
  recorder.enter(StepPhase::wait);
  recorder.end_step();
  EXPECT_TRUE(recorder.marks().empty());
}

TEST(StepRecorder, TracesWhenEachPhaseBegan) {
  StepRecorder recorder;
  recorder.start_tracing();
  recorder.enter(StepPhase::wait);
  recorder.enter(StepPhase::wait);
  recorder.enter(StepPhase::reduce);
  recorder.enter(StepPhase::compute);
  recorder.end_step();
  recorder.enter(StepPhase::wait);  // of no step, as restart() says
  recorder.restart();
  recorder.enter(StepPhase::reduce);
  recorder.end_step();
  recorder.enter(StepPhase::wait);  // its step does not end
  EXPECT_EQ(phases_of(recorder.marks()), "compute wait reduce compute end compute reduce end ");
}

TEST(StepRecorder, TracesTheTimesThatItAddsUp) {
  StepRecorder recorder;
  recorder.start_tracing();
  for (int step = 0; step < 3; ++step) {
    sleep_ms(2);
    recorder.enter(StepPhase::wait);
    sleep_ms(3);
    recorder.enter(StepPhase::compute);
    recorder.enter(StepPhase::wait);
    sleep_ms(1);
    recorder.end_step();
    sleep_ms(5);
    recorder.restart();
  }
  std::array<double, 3> seconds{};
  const std::vector<PhaseMark>& marks = recorder.marks();
  for (std::size_t i = 0; i + 1 < marks.size(); ++i) {
    ASSERT_LE(marks[i].at, marks[i + 1].at);
    if (!marks[i].ends_step) {
      seconds[static_cast<std::size_t>(marks[i].phase)] += marks[i + 1].at - marks[i].at;
    }
  }
  for (const StepPhase phase : {StepPhase::compute, StepPhase::reduce, StepPhase::wait}) {
    EXPECT_NEAR(seconds[static_cast<std::size_t>(phase)], recorder.total(phase), 1e-7);
  }
}

TEST(StepRecorder, RemembersSoManyPhasesAStepAndNoMore) {
  StepRecorder recorder;
  recorder.start_tracing();
  for (int i = 0; i < 1000; ++i) {
    recorder.enter(StepPhase::wait);
    recorder.enter(StepPhase::reduce);
  }
  recorder.end_step();
  recorder.end_step();
  const std::size_t most = StepRecorder::kMostMarks;
  ASSERT_EQ(recorder.marks().size(), most + 1 + 2);
  EXPECT_TRUE(recorder.marks()[most].ends_step);
  EXPECT_EQ(recorder.num_steps(), 2);
}

}  // namespace
}  // namespace dga
