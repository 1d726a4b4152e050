// SPDX-License-Identifier: Apache-2.0

#include "dga/data/stream/streamed_dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dga/base/random.h"
#include "dga/data/load.h"
#include "dga/data/stream/blocks.h"
#include "dga/data/write/write_data.h"
#include "tests/data/data_fixture.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::HasSubstr;

/// `count` samples of 300 features, so that blocks are short, in files of the folder.
std::string written_samples(const ScratchFolder& folder, std::int64_t count, WriteFormat format,
                            bool regression = false) {
  constexpr std::int64_t kWidth = 300;
  RandomStream stream(stream_key(21, "streamed samples"));
  std::shared_ptr<float[]> features(new float[static_cast<std::size_t>(count * kWidth)]);
  for (std::int64_t i = 0; i < count * kWidth; ++i) {
    features[i] = static_cast<float>(stream.below(100'000)) / 1000.0F;
  }
  std::shared_ptr<const Dataset> table;
  if (regression) {
    std::shared_ptr<float[]> targets(new float[static_cast<std::size_t>(count)]);
    for (std::int64_t i = 0; i < count; ++i) {
      targets[i] = 0.5F * static_cast<float>(i);
    }
    table = std::make_shared<Table>(count, std::vector<std::int64_t>{kWidth}, features, targets);
  } else {
    std::shared_ptr<std::int64_t[]> labels(new std::int64_t[static_cast<std::size_t>(count)]);
    for (std::int64_t i = 0; i < count; ++i) {
      labels[i] = i % 3;
    }
    table = std::make_shared<Table>(count, std::vector<std::int64_t>{kWidth}, features, labels,
                                    std::vector<std::string>{"0", "1", "2"});
  }
  std::string path = folder.file(format == WriteFormat::safetensors ? "a.safetensors" : "a");
  write_data(std::vector{written_set(table, FileUse::train, {})}, path, format);
  return path;
}

/// The magic number and header of a file as numpy.save writes it.
std::string npy_start(const std::string& type, const std::string& shape) {
  const std::string header =
      str("{'descr': '", type, "', 'fortran_order': False, 'shape': (", shape, "), }\n");
  return str(std::string("\x93NUMPY\x01\x00", 8), static_cast<char>(header.size()),
             std::string(1, '\0'), header);
}

struct Gathered {
  std::vector<float> features;
  std::vector<std::int64_t> labels;
  std::vector<float> targets;

  bool operator==(const Gathered&) const = default;
};

Gathered gathered(const Dataset& data, const std::vector<std::int64_t>& indices) {
  const auto count = static_cast<std::int64_t>(indices.size());
  Gathered result;
  result.features.resize(indices.size() * static_cast<std::size_t>(data.num_features()));
  const BufferView features(result.features.data(), std::ssize(result.features));
  if (data.label_type() == DType::f32) {
    result.targets.resize(indices.size());
    data.gather(indices, features, BufferView(result.targets.data(), count));
  } else {
    result.labels.resize(indices.size());
    data.gather(indices, features, BufferView(result.labels.data(), count));
  }
  return result;
}

TEST(StreamedDataset, GathersWhatATableHolds) {
  for (const WriteFormat format : {WriteFormat::npy, WriteFormat::safetensors, WriteFormat::idx}) {
    for (const bool regression : {false, true}) {
      const ScratchFolder folder;
      const std::string path = written_samples(folder, 1000, format, regression);
      const Task task = regression ? Task::regression : Task::classification;
      const LoadedData table = load_data({.data = path, .task = task});
      const LoadedData stream =
          load_data({.data = path, .task = task, .samples = {.stream = true, .shuffle_window = 1}});
      ASSERT_NE(dynamic_cast<const StreamedDataset*>(stream.train.get()), nullptr);
      EXPECT_EQ(stream.train->size(), 1000);
      EXPECT_EQ(stream.train->class_names(), table.train->class_names());
      EXPECT_EQ(summary_of(stream).classes, summary_of(table).classes);
      RandomStream random(stream_key(22, "indices"));
      for (int round = 0; round < 20; ++round) {
        std::vector<std::int64_t> indices(random.below(50));
        for (std::int64_t& index : indices) {
          index = static_cast<std::int64_t>(random.below(1000));
        }
        EXPECT_EQ(gathered(*stream.train, indices), gathered(*table.train, indices));
      }
    }
  }
}

TEST(StreamedDataset, BlocksReachOverTheEndsOfFiles) {
  const ScratchFolder folder;
  std::vector<float> all;
  for (int part = 0; part < 5; ++part) {
    // One feature, so that all files lie in one block.
    const int count = 3 + part;
    std::string x = npy_start("<f4", str(count, ", 1"));
    std::string y = npy_start("|u1", str(count, ","));
    for (int i = 0; i < count; ++i) {
      all.push_back(static_cast<float>(10 * part + i));
      x.append(reinterpret_cast<const char*>(&all.back()), sizeof(float));
      y += static_cast<char>(i % 2);
    }
    folder.write(str("x_", part, ".npy"), x);
    folder.write(str("y_", part, ".npy"), y);
  }
  const LoadedData stream = load_data({.data = folder.path(), .samples = {.stream = true}});
  std::vector<std::int64_t> indices;
  for (std::int64_t i = 0; i < std::ssize(all); ++i) {
    indices.push_back(i);
  }
  EXPECT_EQ(gathered(*stream.train, indices).features, all);
}

TEST(StreamedDataset, ThreadsGatherAtTheSameTime) {
  const ScratchFolder folder;
  const std::string path = written_samples(folder, 2000, WriteFormat::npy);
  const LoadedData table = load_data({.data = path});
  const LoadedData stream =
      load_data({.data = path, .samples = {.stream = true, .shuffle_window = 1}});
  std::vector<std::thread> threads;
  std::vector<int> same(4, 0);
  for (std::size_t t = 0; t < same.size(); ++t) {
    threads.emplace_back([&, t] {
      RandomStream random(stream_key(23, "threads", static_cast<std::int64_t>(t)));
      for (int round = 0; round < 30; ++round) {
        std::vector<std::int64_t> indices(16);
        for (std::int64_t& index : indices) {
          index = static_cast<std::int64_t>(random.below(2000));
        }
        same[t] += gathered(*stream.train, indices) == gathered(*table.train, indices) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_THAT(same, testing::Each(30));
}

TEST(StreamedDataset, WhatCannotBeStreamedIsRefused) {
  const auto error_of_stream = [](const std::string& path) {
    const std::string text =
        test::error_of<DataError>([&] { load_data({.data = path, .samples = {.stream = true}}); });
    return text.starts_with(path) ? text.substr(path.size()) : text;
  };
  const ScratchFolder folder;
  EXPECT_EQ(error_of_stream(folder.write("a.png", "\x89PNG\r\n\x1a\n")),
            ": expected a format that can be streamed (IDX, NPY, safetensors, CIFAR, LIBSVM, CSV), "
            "found PNG/JPEG. Write the data in one with dga data convert, or leave --stream out.");
  EXPECT_EQ(error_of_stream(folder.write("a.gz", test::gzip("1,0\n2,1\n"))),
            ": expected a file that is not packed, to stream it, found gzip. Unpack it, or leave "
            "--stream out.");
}

TEST(StreamedDataset, ValuesThatAreNotFiniteAreFoundWhenTheyAreRead) {
  const ScratchFolder folder;
  const std::string x = npy_start("<f4", "2, 1");
  const std::string y = npy_start("|u1", "2,");
  const std::vector<float> values{1, std::numeric_limits<float>::infinity()};
  folder.write("x.npy", x + std::string(reinterpret_cast<const char*>(values.data()), 8));
  folder.write("y.npy", y + std::string("\0\1", 2));
  const LoadedData stream = load_data({.data = folder.path(), .samples = {.stream = true}});
  gathered(*stream.train, {0});
  EXPECT_THAT(
      test::error_of<DataError>([&] {
        gathered(*stream.train, {0, 1});
      }),
      HasSubstr("x.npy: sample 1: expected a finite number of at most 3.4e38 in size, found "
                "inf. Correct the file."));
}

/// One sample of ones but for one value, which `found` counts when it is checked.
class OneOddValue final : public BlockReader {
 public:
  OneOddValue(std::int64_t width, std::int64_t odd, float value)
      : width_(width), odd_(odd), value_(value) {}
  void read(std::int64_t /*first*/, std::int64_t /*last*/, float* values) const override {
    std::fill_n(values, width_, 1.0F);
    values[odd_] = value_;
  }
  void check_not_finite(std::int64_t /*sample*/, std::span<const float> /*values*/) const override {
    ++found;
  }

  mutable int found = 0;

 private:
  std::int64_t width_;
  std::int64_t odd_;
  float value_;
};

TEST(StreamedDataset, AValueThatIsNotFiniteIsFoundAtAnyPlace) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kLargest = std::numeric_limits<float>::max();
  for (const std::int64_t width : {1, 63, 64, 65, 200}) {
    for (std::int64_t odd = 0; odd < width; ++odd) {
      for (const float value : {kInfinity, -kInfinity, kNan, -kNan, kLargest}) {
        const auto blocks = std::make_shared<OneOddValue>(width, odd, value);
        Samples samples;
        samples.count = 1;
        samples.shape = {width};
        samples.blocks = blocks;
        samples.targets = std::make_shared<float[]>(1);
        const auto found = gathered(StreamedDataset(samples, {}, 1), {0});
        EXPECT_EQ(blocks->found, value == kLargest ? 0 : 1) << width << " " << odd;
        EXPECT_EQ(std::bit_cast<std::uint32_t>(found.features[static_cast<std::size_t>(odd)]),
                  std::bit_cast<std::uint32_t>(value));
      }
    }
  }
}

/// Blocks of a store that takes its time: counts how many are read at the same time.
class SlowBlocks final : public BlockReader {
 public:
  explicit SlowBlocks(int reads) : reads_(reads) {}
  void read(std::int64_t first, std::int64_t last, float* values) const override {
    {
      std::unique_lock lock(mutex_);
      most = std::max(most, ++now_);
      changed_.notify_all();
      // Until as many are there as are wanted. A pause, so that one alone does not wait for ever.
      changed_.wait_for(lock, std::chrono::milliseconds(200), [&] { return most >= reads_; });
      --now_;
      ++count;
    }
    if (first == broken) {
      throw DataError(str("block at ", first));
    }
    for (std::int64_t i = 0; i < (last - first) * kSlowWidth; ++i) {
      const std::int64_t sample = first + i / kSlowWidth;
      values[i] = static_cast<float>(sample);
    }
  }
  int reads_at_a_time() const noexcept override { return reads_; }
  void check_not_finite(std::int64_t /*sample*/, std::span<const float> /*values*/) const override {
  }

  static constexpr std::int64_t kSlowWidth = 1 << 16;  // a sample is a block
  mutable int most = 0;
  mutable int count = 0;
  std::int64_t broken = -1;

 private:
  int reads_;
  mutable std::mutex mutex_;  // guards what changes
  mutable std::condition_variable changed_;
  mutable int now_ = 0;
};

TEST(StreamedDataset, BlocksOfAStoreThatTakesItsTimeAreReadAtTheSameTime) {
  for (const int reads : {1, 4}) {
    const auto blocks = std::make_shared<SlowBlocks>(reads);
    Samples samples;
    samples.count = 20;
    samples.shape = {SlowBlocks::kSlowWidth};
    samples.blocks = blocks;
    samples.targets = std::make_shared<float[]>(20);
    const StreamedDataset data(samples, {}, 18);
    data.read_ahead(std::vector<std::int64_t>{7, 3, 7, 11, 2, 19});
    EXPECT_EQ(blocks->most, reads);
    EXPECT_EQ(blocks->count, 5);
    const std::vector<std::int64_t> order{2, 3, 7, 11, 5, 19, 5, 1};
    const auto found = gathered(data, order);
    for (std::size_t i = 0; i < order.size(); ++i) {
      EXPECT_EQ(found.features[i * static_cast<std::size_t>(SlowBlocks::kSlowWidth)], order[i]);
    }
    EXPECT_EQ(blocks->count, 7) << "each block once";
    blocks->broken = 13;
    EXPECT_EQ(test::error_of<DataError>([&] { gathered(data, {12, 13, 14}); }), "block at 13");
  }
}

TEST(BlockCache, KeepsTheBlocksThatWereUsedLast) {
  BlockCache cache(2, 1);
  int loads = 0;
  const auto get = [&](std::int64_t number) {
    return cache.get(number, [&](float* block) {
      ++loads;
      *block = static_cast<float>(number);
    });
  };
  const std::int64_t a = 1;  // b is in the same part, c in another one
  const std::int64_t b = a + BlockCache::kParts;
  const std::int64_t c = a + 1;
  const BlockCache::Block first = get(a);
  get(b);
  get(a);
  EXPECT_EQ(loads, 2);
  get(c);  // b falls out
  get(a);
  EXPECT_EQ(loads, 3);
  get(b);  // c falls out
  get(a);
  EXPECT_EQ(loads, 4);
  get(c);
  EXPECT_EQ(loads, 5);
  EXPECT_EQ(first[0], a);
  EXPECT_THROW(cache.get(9, [](float*) { throw DataError("x"); }), DataError);
  EXPECT_EQ(get(9)[0], 9);
}

TEST(BlockCache, OldBlocksOfOtherPartsMakeRoom) {
  BlockCache cache(BlockCache::kParts, 1);
  int loads = 0;
  const auto get = [&](std::int64_t number) { cache.get(number, [&](float*) { ++loads; }); };
  for (std::int64_t number = 0; number < BlockCache::kParts; ++number) {
    get(number);
  }
  for (int round = 0; round < 5; ++round) {
    for (std::int64_t i = 1; i <= 8; ++i) {
      get(i * BlockCache::kParts);  // all of part 0
    }
  }
  EXPECT_EQ(loads, BlockCache::kParts + 8);
}

TEST(BlockCache, KeepsAsManyAsItWasAskedTo) {
  BlockCache cache(1, 1);
  const auto loads_of = [&](std::int64_t first, std::int64_t last) {
    std::int64_t loads = 0;
    for (std::int64_t number = first; number < last; ++number) {
      cache.get(number, [&](float*) { ++loads; });
    }
    return loads;
  };
  constexpr std::int64_t kMany = 10 * BlockCache::kParts;
  EXPECT_EQ(loads_of(0, kMany), kMany);
  EXPECT_EQ(loads_of(kMany - 1, kMany), 0);
  EXPECT_EQ(loads_of(0, kMany - 1), kMany - 1);
  cache.keep(static_cast<std::size_t>(kMany));
  loads_of(0, kMany);
  EXPECT_EQ(loads_of(0, kMany), 0);
}

}  // namespace
}  // namespace dga
