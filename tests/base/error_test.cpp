// SPDX-License-Identifier: Apache-2.0

#include "dga/base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dga {
namespace {

void check_workers(int workers) {
  DGA_CHECK(workers > 0, "[launch] workers: expected at least 1, found ", workers, ".");
}

TEST(Check, PassesOverWhatHolds) {
  EXPECT_NO_THROW(check_workers(1));
}

TEST(Check, ThrowsInvalidArgumentWithTheJoinedText) {
  EXPECT_THAT([] { check_workers(-3); }, testing::ThrowsMessage<InvalidArgument>(
                                             "[launch] workers: expected at least 1, found -3."));
}

TEST(Check, EvaluatesItsConditionOnce) {
  int calls = 0;
  DGA_CHECK(++calls == 1, "never");
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace dga
