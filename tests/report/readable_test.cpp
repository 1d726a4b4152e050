// SPDX-License-Identifier: Apache-2.0

#include "dga/report/readable.h"

#include <gtest/gtest.h>

#include <limits>

namespace dga {
namespace {

TEST(Readable, RoundsToSoManyDigitsAndLeavesOutZerosAtTheEnd) {
  EXPECT_EQ(readable(1.0 / 60, 6), "0.0166667");
  EXPECT_EQ(readable(1.0 / 60, 4), "0.01667");
  EXPECT_EQ(readable(0.0167, 6), "0.0167");
  EXPECT_EQ(readable(2.5, 6), "2.5");
  EXPECT_EQ(readable(-0.75, 6), "-0.75");
  EXPECT_EQ(readable(9.9999999, 6), "10");
  EXPECT_EQ(readable(0, 6), "0");
  EXPECT_EQ(readable(-0.0, 6), "0");
}

TEST(Readable, KeepsEveryDigitBeforeThePoint) {
  EXPECT_EQ(readable(12345.678, 4), "12346");
  EXPECT_EQ(readable(1200, 4), "1200");
  EXPECT_EQ(readable(123456789.5, 6), "123456790");  // to even
  EXPECT_EQ(readable(999999999999999, 4), "999999999999999");
}

TEST(Readable, WritesTheSmallAndTheHugeWithAnExponent) {
  EXPECT_EQ(readable(1e-6, 6), "1e-6");
  EXPECT_EQ(readable(1.5e-6, 6), "1.5e-6");
  EXPECT_EQ(readable(-1.23456789e-12, 6), "-1.23457e-12");
  EXPECT_EQ(readable(0.0001, 6), "0.0001");
  EXPECT_EQ(readable(0.00009, 6), "9e-5");
  EXPECT_EQ(readable(1e15, 6), "1e15");
  EXPECT_EQ(readable(2.5e300, 6), "2.5e300");
}

TEST(Readable, IsADashForWhatIsNotFinite) {
  EXPECT_EQ(readable(std::numeric_limits<double>::quiet_NaN(), 6), "–");
  EXPECT_EQ(readable(-std::numeric_limits<double>::infinity(), 6), "–");
}

}  // namespace
}  // namespace dga
