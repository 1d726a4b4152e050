// SPDX-License-Identifier: Apache-2.0

#include "dga/data/batches/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "dga/base/random.h"
#include "tests/data/data_fixture.h"

namespace dga {
namespace {

std::vector<std::int64_t> epoch_of(Sampler& sampler, std::int64_t epoch) {
  std::vector<std::int64_t> seen;
  for (std::int64_t step = 0; step < sampler.steps(); ++step) {
    const auto batch = sampler.batch(epoch, step);
    seen.insert(seen.end(), batch.begin(), batch.end());
  }
  return seen;
}

TEST(Sampler, StepsFollowTheLargestShard) {
  using Shards = std::vector<std::vector<std::int64_t>>;
  EXPECT_EQ(steps_per_epoch(Shards{{1, 2, 3}, {4, 5}}, 2), 2);
  EXPECT_EQ(steps_per_epoch(Shards{{1, 2, 3, 4}, {5}}, 2), 2);
  EXPECT_EQ(steps_per_epoch(Shards{{1}}, std::int64_t{1} << 62), 1);
}

TEST(Sampler, AnEpochSeesEachSampleOnceThenNothing) {
  Sampler sampler({10, 11, 12, 13, 14}, {.batch = 2, .steps = 5, .seed = 1, .rank = 0});
  EXPECT_EQ(sampler.batch(0, 1).size(), 2U);
  EXPECT_EQ(sampler.batch(0, 2).size(), 1U);
  EXPECT_TRUE(sampler.batch(0, 3).empty());
  EXPECT_TRUE(sampler.batch(0, 4).empty());
  EXPECT_THAT(epoch_of(sampler, 0), testing::UnorderedElementsAre(10, 11, 12, 13, 14));
}

TEST(Sampler, ReshufflesByEpochSeedAndRankAlone) {
  std::vector<std::int64_t> shard(40);
  for (std::size_t i = 0; i < shard.size(); ++i) {
    shard[i] = static_cast<std::int64_t>(3 * i);
  }
  Sampler sampler(shard, {.batch = 7, .steps = 6, .seed = 5, .rank = 2});
  const auto third = epoch_of(sampler, 3);
  std::vector<std::int64_t> expected = shard;
  RandomStream stream(stream_key(5, "shuffle", 3, 2));
  shuffle(expected, stream);
  EXPECT_EQ(third, expected);
  EXPECT_NE(epoch_of(sampler, 4), third);
  EXPECT_EQ(epoch_of(sampler, 3), third) << "epochs may come in any order";
  Sampler other(shard, {.batch = 7, .steps = 6, .seed = 5, .rank = 3});
  EXPECT_NE(epoch_of(other, 3), third);
}

TEST(Sampler, AWindowShufflesTheSamplesOfAFewBlocksTogether) {
  std::vector<std::int64_t> shard(1003);
  for (std::size_t i = 0; i < shard.size(); ++i) {
    shard[i] = static_cast<std::int64_t>(i);
  }
  constexpr std::int64_t kBlock = 10;
  std::vector<std::int64_t> starts;
  for (std::int64_t start = 0; start < std::ssize(shard); start += kBlock) {
    starts.push_back(start);
  }
  for (const std::int64_t window : {1, 10, 25, 100, 999}) {
    Sampler sampler(
        shard,
        {.batch = 7, .steps = 144, .seed = 5, .rank = 1, .window = window, .blocks = starts});
    const auto first = epoch_of(sampler, 0);
    EXPECT_THAT(first, testing::UnorderedElementsAreArray(shard));
    EXPECT_NE(epoch_of(sampler, 1), first);
    EXPECT_EQ(epoch_of(sampler, 0), first);
    // Wherever a reader is, the blocks that it has begun and not finished are those of a window.
    std::map<std::int64_t, std::int64_t> seen;
    std::size_t most = 0;
    for (const std::int64_t sample : first) {
      const std::int64_t block = sample / kBlock;
      const std::int64_t size = block == 100 ? 3 : kBlock;
      if (++seen[block] == size) {
        seen.erase(block);
      }
      most = std::max(most, seen.size());
    }
    EXPECT_LE(most, static_cast<std::size_t>((window + kBlock - 1) / kBlock + 1)) << window;
    if (window >= 25) {
      EXPECT_GT(most, 1U) << window;
      EXPECT_FALSE(std::is_sorted(first.begin(), first.begin() + 10));
    }
  }
}

TEST(Sampler, EachBlockComesUpAWindowBeforeItsSamples) {
  std::vector<std::int64_t> shard(1003);
  std::iota(shard.begin(), shard.end(), std::int64_t{5});
  constexpr std::int64_t kBlock = 10;
  std::vector<std::int64_t> starts;
  for (std::int64_t start = 0; start < std::ssize(shard); start += kBlock) {
    starts.push_back(start);
  }
  for (const std::int64_t window : {1, 25, 100, 400}) {
    Sampler sampler(
        shard,
        {.batch = 7, .steps = 146, .seed = 5, .rank = 1, .window = window, .blocks = starts});
    // How often each block has been read, or begins a run, and how often it has been begun.
    std::map<std::int64_t, int> read;
    std::map<std::int64_t, int> begun;
    std::int64_t taken = 0;
    std::size_t most = 0;  // blocks in a step
    constexpr int kEpochs = 3;
    for (std::int64_t epoch = 0; epoch < kEpochs; ++epoch) {
      std::set<std::int64_t> seen;
      for (std::int64_t step = 0; step < sampler.steps(); ++step) {
        for (const std::int64_t sample : sampler.batch(epoch, step)) {
          const std::int64_t block = (sample - 5) / kBlock;
          if (seen.insert(block).second) {
            read[block] += taken < window + 2 * kBlock && read[block] == 0 ? 1 : 0;
            EXPECT_GE(read[block], ++begun[block]) << "window " << window << ", epoch " << epoch;
          }
          ++taken;
        }
        const auto ahead = sampler.ahead(epoch, step);
        most = std::max(most, ahead.size());
        for (const std::int64_t sample : ahead) {
          ++read[(sample - 5) / kBlock];
        }
      }
    }
    for (const auto& [block, times] : read) {
      EXPECT_GE(times, kEpochs) << block;
      EXPECT_LE(times, kEpochs + 1) << block;
    }
    EXPECT_LE(most, 2U) << window;
  }
  Sampler whole(shard, {.batch = 7, .steps = 144, .seed = 5, .rank = 1});
  EXPECT_TRUE(whole.ahead(0, 0).empty());
  EXPECT_THROW(whole.ahead(0, 144), InvalidArgument);
}

TEST(Sampler, AWindowOfTheWholeShardIsNoWindow) {
  std::vector<std::int64_t> shard(40);
  for (std::size_t i = 0; i < shard.size(); ++i) {
    shard[i] = static_cast<std::int64_t>(3 * i);
  }
  const Sampler::Options whole{.batch = 7, .steps = 6, .seed = 5, .rank = 2};
  Sampler::Options windowed = whole;
  windowed.window = 40;
  windowed.blocks = {0, 4, 20};
  Sampler one(shard, whole);
  Sampler other(shard, windowed);
  EXPECT_EQ(epoch_of(one, 2), epoch_of(other, 2));
}

TEST(Sampler, AHugeBatchIsTheWholeShard) {
  Sampler sampler({1, 2, 3}, {.batch = std::int64_t{1} << 62, .steps = 4, .seed = 1, .rank = 0});
  EXPECT_EQ(sampler.batch(0, 0).size(), 3U);
  EXPECT_TRUE(sampler.batch(0, 3).empty());
}

TEST(Sampler, RefusesWhatCannotBe) {
  EXPECT_EQ(test::error_of<InvalidArgument>([] { Sampler({1}, {.batch = 0, .steps = 1}); }),
            "[data] sampler: expected a batch of at least 1 sample, found 0. Pass --batch 16, for "
            "example.");
  EXPECT_EQ(
      test::error_of<InvalidArgument>([] {
        Sampler({1, 2, 3}, {.batch = 2, .steps = 1});
      }),
      "[data] sampler: expected at least 2 steps an epoch for 3 samples in batches of 2, found 1. "
      "Take steps_per_epoch() of all workers' shards.");
  for (const std::vector<std::int64_t>& blocks :
       std::vector<std::vector<std::int64_t>>{{}, {1}, {0, 0}, {0, 3}}) {
    EXPECT_EQ(test::error_of<InvalidArgument>([&] {
                Sampler({1, 2, 3}, {.batch = 2, .steps = 2, .window = 1, .blocks = blocks});
              }),
              "[data] sampler: expected the starts of blocks for a window, from 0 and ascending "
              "within the shard, found others. Take block_starts() of the shard.");
  }
  Sampler sampler({1}, {.batch = 1, .steps = 1});
  EXPECT_THROW(sampler.batch(0, 1), InvalidArgument);
  EXPECT_THROW(sampler.batch(-1, 0), InvalidArgument);
  EXPECT_THROW(steps_per_epoch({}, 1), InvalidArgument);
}

}  // namespace
}  // namespace dga
