// SPDX-License-Identifier: Apache-2.0

#include "dga/base/step_recorder.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

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

}  // namespace
}  // namespace dga
