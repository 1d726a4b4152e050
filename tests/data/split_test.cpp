// SPDX-License-Identifier: Apache-2.0

#include "dga/data/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "dga/data/load.h"
#include "tests/data/data_fixture.h"
#include "tests/data/small_tables.h"
#include "tests/support/as_table.h"

namespace dga {
namespace {

using testing::ElementsAre;

void expect_a_partition(const Split& parts, std::int64_t size) {
  std::vector<std::int64_t> all = parts.train;
  all.insert(all.end(), parts.test.begin(), parts.test.end());
  std::sort(all.begin(), all.end());
  std::vector<std::int64_t> expected(static_cast<std::size_t>(size));
  std::iota(expected.begin(), expected.end(), std::int64_t{0});
  EXPECT_EQ(all, expected);
  EXPECT_TRUE(std::is_sorted(parts.train.begin(), parts.train.end()));
  EXPECT_TRUE(std::is_sorted(parts.test.begin(), parts.test.end()));
}

TEST(Split, EachClassGivesItsShare) {
  const auto digits = load_data({.data = "data/digits"}).train;
  const Split parts = split(*digits, 0.2, 1);
  expect_a_partition(parts, 1797);
  EXPECT_EQ(parts.test.size(), 359U);  // round(1797 * 0.2)
  std::vector<int> counts(10);
  for (const std::int64_t sample : parts.test) {
    ++counts[static_cast<std::size_t>(test::as_table(digits).labels()[sample])];
  }
  // A fifth of 178 182 177 183 181 182 181 179 174 180
  // is 35.6 36.4 35.4 36.6 36.2 36.4 36.2 35.8 34.8 36: rounded down that is 355, and the four
  // largest remainders are .8 .8 .6 .6.
  EXPECT_THAT(counts, ElementsAre(36, 36, 35, 37, 36, 36, 36, 36, 35, 36));
}

TEST(Split, DependsOnTheSeedAlone) {
  const auto table = test::counted(200, 4);
  const Split first = split(*table, 0.25, 7);
  EXPECT_EQ(split(*table, 0.25, 7).test, first.test);
  EXPECT_NE(split(*table, 0.25, 8).test, first.test);
}

TEST(Split, AClassKeepsASampleForTraining) {
  const auto table = test::classification({{0}, {1}, {2}, {3}, {4}}, {0, 1, 1, 2, 2});
  const Split parts = split(*table, 0.9, 3);
  expect_a_partition(parts, 5);
  EXPECT_EQ(parts.test.size(), 2U);
  EXPECT_EQ(parts.train.front(), 0) << "the only sample of class 0";
}

TEST(Split, RegressionDrawsFromAll) {
  const auto table =
      test::regression(std::vector<std::vector<float>>(10, {1.0F}), std::vector<float>(10));
  const Split parts = split(*table, 0.25, 1);
  expect_a_partition(parts, 10);
  EXPECT_EQ(parts.test.size(), 3U);  // 2.5, rounded away from zero
}

TEST(Split, NothingIsHeldOutAtFractionZero) {
  const auto table = test::counted(10, 2);
  EXPECT_TRUE(split(*table, 0.0, 1).test.empty());
  EXPECT_EQ(split(*table, 0.0, 1).train.size(), 10U);
}

TEST(Split, RefusesAFractionThatLeavesNoTraining) {
  const auto table = test::counted(10, 2);
  for (const double fraction : {1.0, -0.1, std::nan("")}) {
    EXPECT_THAT(test::error_of<InvalidArgument>([&] { split(*table, fraction, 1); }),
                testing::StartsWith(
                    "[data] split: expected a test fraction of at least 0 and below 1, found"));
  }
}

TEST(Split, HeldOutSamplesDoNotTouchTheNormalisation) {
  LoadedData data;
  std::vector<std::vector<float>> rows;
  std::vector<std::int64_t> labels;
  for (int i = 0; i < 40; ++i) {
    rows.push_back({static_cast<float>(i * i)});
    labels.push_back(i % 2);
  }
  data.train = test::classification(rows, labels);
  const PreparedData prepared = split_and_normalise(data, 0.25, 5);
  const Split parts = split(*data.train, 0.25, 5);
  ASSERT_EQ(prepared.train->size(), 30);
  ASSERT_EQ(prepared.test->size(), 10);
  double sum = 0.0;
  for (const std::int64_t i : parts.train) {
    sum += static_cast<double>(i * i);
  }
  EXPECT_EQ(prepared.normalisation.mean[0], static_cast<float>(sum / 30.0));
  float first_of_test = 0.0F;
  const std::int64_t zero = 0;
  prepared.test->gather({&zero, 1}, BufferView(&first_of_test, 1), {});
  const auto raw = static_cast<float>(parts.test[0] * parts.test[0]);
  EXPECT_EQ(first_of_test,
            (raw - prepared.normalisation.mean[0]) / prepared.normalisation.scale[0]);
}

}  // namespace
}  // namespace dga
