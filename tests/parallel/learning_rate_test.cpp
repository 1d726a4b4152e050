// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/learning_rate.h"

#include <gtest/gtest.h>

#include "dga/base/error.h"

namespace dga {
namespace {

TEST(LearningRate, StaysConstant) {
  EXPECT_EQ(constant_rate()(0), 1);
  EXPECT_EQ(constant_rate()(1000), 1);
}

TEST(LearningRate, FallsInSteps) {
  const auto rate = step_decay(10, 0.5);
  EXPECT_EQ(rate(0), 1);
  EXPECT_EQ(rate(9), 1);
  EXPECT_EQ(rate(10), 0.5);
  EXPECT_EQ(rate(29), 0.25);
}

TEST(LearningRate, FallsAlongACosineToItsFloor) {
  const auto rate = cosine_decay(100, 0.1);
  EXPECT_EQ(rate(0), 1);
  EXPECT_NEAR(rate(50), 0.55, 1e-15);
  EXPECT_NEAR(rate(25), 0.1 + 0.9 * 0.5 * (1 + 0.70710678118654752), 1e-15);
  EXPECT_EQ(rate(100), 0.1);
  EXPECT_EQ(rate(500), 0.1);
}

TEST(LearningRate, WarmsUpInALineAndGoesOnFromThere) {
  const auto rate = linear_warmup(4, step_decay(2, 0.5));
  EXPECT_EQ(rate(0), 0.25);
  EXPECT_EQ(rate(3), 1);
  EXPECT_EQ(rate(4), 1);
  EXPECT_EQ(rate(6), 0.5);
}

TEST(LearningRate, RefusesNonsense) {
  EXPECT_THROW(step_decay(0, 0.5), InvalidArgument);
  EXPECT_THROW(step_decay(1, 0), InvalidArgument);
  EXPECT_THROW(cosine_decay(0), InvalidArgument);
  EXPECT_THROW(linear_warmup(-1), InvalidArgument);
  EXPECT_THROW(linear_warmup(3, nullptr), InvalidArgument);
}

}  // namespace
}  // namespace dga
