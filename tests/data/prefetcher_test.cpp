// SPDX-License-Identifier: Apache-2.0

#include "dga/data/batches/prefetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <set>
#include <thread>
#include <tuple>

#include "dga/base/clock.h"
#include "dga/data/normalisation.h"
#include "dga/data/subset.h"
#include "tests/data/data_fixture.h"
#include "tests/data/small_tables.h"

namespace dga {
namespace {

Sampler sampler_of(std::int64_t samples, std::int64_t batch, std::int64_t steps) {
  std::vector<std::int64_t> shard;
  for (std::int64_t i = 0; i < samples; ++i) {
    shard.push_back(i);
  }
  return {shard, {.batch = batch, .steps = steps, .seed = 3, .rank = 1}};
}

/// Counts gathers, and fails at a chosen one.
class Watched : public Dataset {
 public:
  std::int64_t size() const override { return 1000; }
  std::vector<std::int64_t> sample_shape() const override { return {1}; }
  DType label_type() const override { return DType::f32; }
  int gathered() const { return gathered_; }

  int fail_at = -1;
  double seconds = 0.0;

 private:
  void copy_samples(std::span<const std::int64_t> indices, BufferView features,
                    BufferView /*labels*/) const override {
    if (gathered_++ == fail_at) {
      throw std::runtime_error("the disk is gone");
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    static_cast<float*>(features.data)[0] = static_cast<float>(indices[0]);
  }

  mutable std::atomic<int> gathered_{0};
};

using Seen = std::vector<
    std::tuple<std::int64_t, std::int64_t, std::vector<float>, std::vector<std::int64_t>>>;

Seen drain(Prefetcher& prefetcher) {
  Seen seen;
  while (const SampleBatch* batch = prefetcher.next()) {
    const auto* x = static_cast<const float*>(batch->features.data);
    const auto* y = static_cast<const std::int64_t*>(batch->labels.data);
    seen.emplace_back(batch->epoch, batch->step, std::vector<float>(x, x + batch->size),
                      std::vector<std::int64_t>(y, y + batch->size));
  }
  return seen;
}

TEST(Prefetcher, TheDepthDoesNotChangeTheBatches) {
  const auto table = test::counted(50, 5);
  Prefetcher inline_one(table, sampler_of(50, 8, 9), {.depth = 0, .epochs = 3});
  const Seen expected = drain(inline_one);
  ASSERT_EQ(expected.size(), 27U);
  Sampler sampler = sampler_of(50, 8, 9);
  for (const auto& [epoch, step, features, labels] : expected) {
    const auto indices = sampler.batch(epoch, step);
    ASSERT_EQ(features.size(), indices.size());
    for (std::size_t i = 0; i < indices.size(); ++i) {
      EXPECT_EQ(features[i], static_cast<float>(indices[i]));
      EXPECT_EQ(labels[i], indices[i] % 5);
    }
  }
  for (const int depth : {1, 2, 5, 100}) {
    Prefetcher ahead(table, sampler_of(50, 8, 9), {.depth = depth, .epochs = 3});
    EXPECT_EQ(drain(ahead), expected) << depth;
    EXPECT_EQ(ahead.next(), nullptr);
  }
}

TEST(Prefetcher, AWorkerWithoutSamplesStillTakesEveryStep) {
  const auto table = test::counted(50, 5);
  for (const int depth : {0, 2}) {
    Prefetcher prefetcher(table, sampler_of(3, 2, 4), {.depth = depth, .epochs = 1});
    std::vector<std::int64_t> sizes;
    while (const SampleBatch* batch = prefetcher.next()) {
      sizes.push_back(batch->size);
    }
    EXPECT_THAT(sizes, testing::ElementsAre(2, 1, 0, 0));
  }
}

TEST(Prefetcher, ResumesInTheMiddleOfAnEpoch) {
  const auto table = test::counted(50, 5);
  for (const int depth : {0, 2}) {
    Prefetcher whole(table, sampler_of(50, 8, 7), {.depth = depth, .epochs = 3});
    Seen rest = drain(whole);
    rest.erase(rest.begin(), rest.begin() + 7 + 6);
    Prefetcher resumed(table, sampler_of(50, 8, 7),
                       {.depth = depth, .first_epoch = 1, .first_step = 6, .epochs = 3});
    EXPECT_EQ(drain(resumed), rest);
    Prefetcher at_the_end(table, sampler_of(50, 8, 7),
                          {.depth = depth, .first_epoch = 2, .first_step = 7, .epochs = 3});
    EXPECT_EQ(at_the_end.next(), nullptr);
  }
}

TEST(Prefetcher, BatchesLieOnCacheLines) {
  const auto table = test::counted(50, 5);
  Prefetcher prefetcher(table, sampler_of(50, 7, 8), {.depth = 2, .epochs = 1});
  while (const SampleBatch* batch = prefetcher.next()) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(batch->features.data) % 64, 0U);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(batch->labels.data) % 64, 0U);
  }
}

TEST(Prefetcher, ABatchThatIsKeptStaysAsItWas) {
  const auto table = test::counted(50, 5);
  for (const int depth : {0, 2}) {
    Prefetcher again(table, sampler_of(50, 8, 7), {.depth = depth, .epochs = 2});
    const Seen expected = drain(again);
    Prefetcher prefetcher(table, sampler_of(50, 8, 7), {.depth = depth, .epochs = 2});
    std::vector<SampleBatch> kept;
    while (const SampleBatch* batch = prefetcher.next()) {
      kept.push_back(*batch);
    }
    ASSERT_EQ(kept.size(), expected.size());
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const auto* x = static_cast<const float*>(kept[i].features.data);
      const auto* y = static_cast<const std::int64_t*>(kept[i].labels.data);
      EXPECT_EQ(std::vector<float>(x, x + kept[i].size), std::get<2>(expected[i]));
      EXPECT_EQ(std::vector<std::int64_t>(y, y + kept[i].size), std::get<3>(expected[i]));
    }
  }
}

TEST(Prefetcher, MemoryThatNobodyKeepsIsUsedAgain) {
  const auto table = test::counted(50, 5);
  for (const int depth : {0, 2}) {
    Prefetcher prefetcher(table, sampler_of(50, 5, 10), {.depth = depth, .epochs = 4});
    std::set<const void*> places;
    while (const SampleBatch* batch = prefetcher.next()) {
      places.insert(batch->features.data);
    }
    EXPECT_EQ(places.size(), static_cast<std::size_t>(depth) + 1);
  }
}

/// Blocks of 10 samples; remembers which were read ahead before they were needed.
class Blocks : public Dataset {
 public:
  std::int64_t size() const override { return 1000; }
  std::vector<std::int64_t> sample_shape() const override { return {1}; }
  DType label_type() const override { return DType::f32; }
  std::int64_t block_of(std::int64_t index) const override { return index / 10; }
  void read_ahead(std::span<const std::int64_t> indices) const override {
    for (const std::int64_t index : indices) {
      read_.insert(block_of(index));
    }
  }

  mutable std::set<std::int64_t> late;  // needed before they were read

 private:
  void copy_samples(std::span<const std::int64_t> indices, BufferView /*features*/,
                    BufferView /*labels*/) const override {
    for (const std::int64_t index : indices) {
      if (!read_.contains(block_of(index))) {
        late.insert(block_of(index));
      }
    }
  }

  mutable std::set<std::int64_t> read_;
};

TEST(Prefetcher, TheThreadReadsTheBlocksOfAWindowBeforeItBegins) {
  const auto blocks = std::make_shared<Blocks>();
  std::vector<std::int64_t> all(1000);
  std::iota(all.begin(), all.end(), std::int64_t{0});
  const auto subset = std::make_shared<Subset>(blocks, all);
  const auto dataset =
      std::make_shared<Normalised>(subset, Normalisation{.mean = {0.0F}, .scale = {1.0F}});
  Sampler sampler(
      all,
      {.batch = 8, .steps = 125, .seed = 3, .window = 50, .blocks = block_starts(*dataset, all)});
  {
    Prefetcher prefetcher(dataset, sampler, {.depth = 2, .epochs = 2});
    while (prefetcher.next() != nullptr) {
    }
  }
  // The first window has 50 samples of 5 blocks, and nobody reads ahead of the next 10 samples.
  EXPECT_GE(blocks->late.size(), 5U);
  EXPECT_LE(blocks->late.size(), 6U);
}

TEST(Prefetcher, StaysWithinItsDepth) {
  const auto dataset = std::make_shared<Watched>();
  Prefetcher prefetcher(dataset, sampler_of(100, 1, 100), {.depth = 3, .epochs = 1});
  for (int used = 1; used <= 5; ++used) {
    ASSERT_NE(prefetcher.next(), nullptr);
    const double deadline = now_seconds() + 20.0;
    while (dataset->gathered() < used + 3 && now_seconds() < deadline) {
      std::this_thread::yield();
    }
    EXPECT_EQ(dataset->gathered(), used + 3);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ(dataset->gathered(), used + 3) << "one in use and three ahead";
  }
}

TEST(Prefetcher, SaysWhetherABatchIsLoaded) {
  const auto dataset = std::make_shared<Watched>();
  Prefetcher inline_one(dataset, sampler_of(2, 1, 2), {.depth = 0, .epochs = 1});
  EXPECT_FALSE(inline_one.is_ready());
  Prefetcher ahead(dataset, sampler_of(2, 1, 2), {.depth = 1, .epochs = 1});
  const double deadline = now_seconds() + 20.0;
  for (int batch = 0; batch < 3; ++batch) {  // the third one is the end
    while (!ahead.is_ready() && now_seconds() < deadline) {
      std::this_thread::yield();
    }
    EXPECT_TRUE(ahead.is_ready());
    EXPECT_EQ(ahead.next() == nullptr, batch == 2);
  }
  auto slow = std::make_shared<Watched>();
  slow->seconds = 0.2;
  Prefetcher waiting(slow, sampler_of(2, 1, 2), {.depth = 1, .epochs = 1});
  EXPECT_FALSE(waiting.is_ready());
}

TEST(Prefetcher, AnExceptionReachesTheConsumerAfterTheBatchesBeforeIt) {
  for (const int depth : {0, 1, 4}) {
    auto dataset = std::make_shared<Watched>();
    dataset->fail_at = 3;
    Prefetcher prefetcher(dataset, sampler_of(10, 1, 10), {.depth = depth, .epochs = 1});
    for (int i = 0; i < 3; ++i) {
      EXPECT_NE(prefetcher.next(), nullptr);
    }
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(test::error_of<std::runtime_error>([&] { prefetcher.next(); }), "the disk is gone");
    }
  }
}

TEST(Prefetcher, EndsPromptlyWithBatchesUnused) {
  const auto dataset = std::make_shared<Watched>();
  const double start = now_seconds();
  for (int i = 0; i < 50; ++i) {
    Prefetcher prefetcher(dataset, sampler_of(100, 1, 100), {.depth = 2, .epochs = 1'000'000});
    if (i % 2 == 0) {
      prefetcher.next();
    }
  }
  EXPECT_LT(now_seconds() - start, 10.0);
}

TEST(Prefetcher, ASlowDatasetIsAnErrorNotAHang) {
  auto dataset = std::make_shared<Watched>();
  dataset->seconds = 0.5;
  Prefetcher prefetcher(dataset, sampler_of(10, 1, 10),
                        {.depth = 1, .epochs = 1, .timeout_seconds = 0.02});
  EXPECT_EQ(test::error_of<DataError>([&] { prefetcher.next(); }),
            "[data] prefetcher: expected a batch within 0.02 s, found none. Check what the dataset "
            "waits for, or raise the timeout.");
}

TEST(Prefetcher, RefusesWhatCannotBe) {
  const auto table = test::counted(10, 2);
  EXPECT_EQ(test::error_of<InvalidArgument>(
                [&] { Prefetcher(table, sampler_of(10, 5, 2), {.depth = -1}); }),
            "[data] prefetcher: expected a depth of at least 0, found -1. Pass 0 to load without a "
            "thread.");
  EXPECT_THROW(Prefetcher(table, sampler_of(10, 5, 2), {.first_step = 3}), InvalidArgument);
  EXPECT_THROW(Prefetcher(nullptr, sampler_of(10, 5, 2), {}), InvalidArgument);
}

}  // namespace
}  // namespace dga
