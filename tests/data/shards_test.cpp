// SPDX-License-Identifier: Apache-2.0

#include "dga/data/shards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "tests/data/data_fixture.h"
#include "tests/data/small_tables.h"

namespace dga {
namespace {

using testing::ElementsAre;

constexpr ShardKind kKinds[] = {ShardKind::iid, ShardKind::contiguous, ShardKind::by_label};

TEST(Shards, EverySampleGoesToOneWorkerAndSizesDifferByOne) {
  for (const ShardKind kind : kKinds) {
    for (const int workers : {1, 2, 3, 7, 30}) {
      for (const std::int64_t samples : {30, 31, 59, 100}) {
        const auto parts = shards(*test::counted(samples, 5), workers, kind, 9);
        ASSERT_EQ(parts.size(), static_cast<std::size_t>(workers));
        std::vector<std::int64_t> all;
        for (const auto& part : parts) {
          all.insert(all.end(), part.begin(), part.end());
          const auto size = static_cast<std::int64_t>(part.size());
          EXPECT_GE(size, samples / workers);
          EXPECT_LE(size, samples / workers + 1);
        }
        std::sort(all.begin(), all.end());
        std::vector<std::int64_t> expected(static_cast<std::size_t>(samples));
        std::iota(expected.begin(), expected.end(), std::int64_t{0});
        EXPECT_EQ(all, expected);
      }
    }
  }
}

TEST(Shards, ContiguousKeepsTheOrderOfTheSamples) {
  const auto parts = shards(*test::counted(7, 2), 3, ShardKind::contiguous, 1);
  EXPECT_THAT(parts, ElementsAre(ElementsAre(0, 1, 2), ElementsAre(3, 4), ElementsAre(5, 6)));
}

TEST(Shards, ByLabelGivesAWorkerFewClasses) {
  const auto table = test::counted(40, 4);
  for (const auto& part : shards(*table, 4, ShardKind::by_label, 1)) {
    std::set<std::int64_t> classes;
    for (const std::int64_t sample : part) {
      classes.insert(table->labels()[sample]);
    }
    EXPECT_EQ(classes.size(), 1U);
  }
  const auto targets = test::regression({{0}, {0}, {0}, {0}}, {4, -1, 3, 0});
  EXPECT_THAT(shards(*targets, 2, ShardKind::by_label, 1),
              ElementsAre(ElementsAre(1, 3), ElementsAre(2, 0)));
}

TEST(Shards, IidDependsOnTheSeedAlone) {
  const auto table = test::counted(100, 2);
  const auto first = shards(*table, 3, ShardKind::iid, 1);
  EXPECT_EQ(shards(*table, 3, ShardKind::iid, 1), first);
  EXPECT_NE(shards(*table, 3, ShardKind::iid, 2), first);
  EXPECT_NE(first, shards(*table, 3, ShardKind::contiguous, 1));
}

TEST(Shards, RefusesMoreWorkersThanSamples) {
  EXPECT_EQ(
      test::error_of<InvalidArgument>([] { shards(*test::counted(10, 2), 30, ShardKind::iid, 1); }),
      "[data] shards: expected at least one training sample per worker, found 10 training samples "
      "for 30 workers. Use fewer workers or more data.");
  EXPECT_EQ(
      test::error_of<InvalidArgument>([] { shards(*test::counted(10, 2), 0, ShardKind::iid, 1); }),
      "[data] shards: expected at least 1 worker, found 0. Pass a number of workers from 1 up.");
}

TEST(Shards, SharesOfHeldOutSamplesMayBeEmpty) {
  std::int64_t next = 0;
  for (int rank = 0; rank < 5; ++rank) {
    const auto [first, last] = contiguous_share(3, 5, rank);
    EXPECT_EQ(first, next);
    EXPECT_EQ(last - first, rank < 3 ? 1 : 0);
    next = last;
  }
  EXPECT_EQ(next, 3);
}

}  // namespace
}  // namespace dga
