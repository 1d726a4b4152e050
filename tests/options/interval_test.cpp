// SPDX-License-Identifier: Apache-2.0

#include "dga/options/interval.h"

#include <gtest/gtest.h>

#include <string>

#include "dga/options/option_table.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

TEST(Interval, IsEpochsStepsOrSeconds) {
  EXPECT_EQ(interval_from("5"), (Interval{5, Interval::Unit::epochs}));
  EXPECT_EQ(interval_from("200steps"), (Interval{200, Interval::Unit::steps}));
  EXPECT_EQ(interval_from("30s"), (Interval{30, Interval::Unit::seconds}));
  EXPECT_EQ(interval_from("1000000000s")->count, 1'000'000'000);
  EXPECT_TRUE(interval_from("")->is_never());
}

TEST(Interval, HasATextThatReadsBack) {
  for (const std::string text : {"", "1", "17steps", "3s"}) {
    EXPECT_EQ(interval_from(text)->text(), text);
  }
}

TEST(Interval, IsNoOtherText) {
  for (const char* text : {"0", "0s", "-1", "+5", "5 ", " 5", "5 s", "5min", "steps", "s", "1.5",
                           "1e3", "5S", "1000000001", "99999999999999999999s", "5steps5"}) {
    EXPECT_FALSE(interval_from(text)) << text;
  }
}

TEST(Interval, IsWhatTheOptionExpects) {
  const Option& option = *find_option("checkpoint-every");
  RunOptions options;
  option.set(options, "200steps", "here");
  EXPECT_EQ(options.output.checkpoint_every, (Interval{200, Interval::Unit::steps}));
  EXPECT_EQ(option.text_of(option.get(options)), "200steps");
  option.set(options, "off", "here");
  EXPECT_TRUE(options.output.checkpoint_every.is_never());
  EXPECT_EQ(option.text_of(option.get(options)), "off");
  EXPECT_EQ(
      test::error_of([&] { option.set(options, "5min", "here"); }),
      "here: expected a number of epochs, or such as 200steps or 30s, or off, found \"5min\". "
      "Correct the value.");
}

}  // namespace
}  // namespace dga
