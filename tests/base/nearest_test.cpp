// SPDX-License-Identifier: Apache-2.0

#include "dga/base/nearest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dga {
namespace {

const std::vector<std::string> kNames{"data", "workers", "micro-steps", "lr", "test-data"};

TEST(Nearest, FindsWhatWasMistyped) {
  EXPECT_EQ(nearest("worker", kNames), "workers");
  EXPECT_EQ(nearest("wrokers", kNames), "workers");
  EXPECT_EQ(nearest("microsteps", kNames), "micro-steps");
  EXPECT_EQ(nearest("dat", kNames), "data");
}

TEST(Nearest, FindsWhatWasBegun) {
  EXPECT_EQ(nearest("micro", kNames), "micro-steps");
}

TEST(Nearest, FindsNothingForAnotherWord) {
  EXPECT_EQ(nearest("frobnicate", kNames), "");
  EXPECT_EQ(nearest("", kNames), "");
  EXPECT_EQ(nearest(std::string(100000, 'w'), kNames), "");
}

}  // namespace
}  // namespace dga
