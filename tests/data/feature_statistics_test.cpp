// SPDX-License-Identifier: Apache-2.0

#include "dga/data/feature_statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "dga/data/stream/blocks.h"
#include "tests/data/data_fixture.h"

namespace dga {
namespace {

using testing::ElementsAre;

/// Samples whose values are computed. Throws for one sample, if asked.
class Drawn : public Dataset {
 public:
  Drawn(std::int64_t size, std::int64_t width, std::int64_t bad = -1)
      : size_(size), width_(width), bad_(bad) {}

  std::int64_t size() const override { return size_; }
  std::vector<std::int64_t> sample_shape() const override { return {width_}; }
  DType label_type() const override { return DType::f32; }
  /// Far from 0 with a small deviation; a seventh of the values is missing.
  float value(std::int64_t sample, std::int64_t feature) const {
    RandomStream stream(stream_key(3, "values", sample, feature));
    const auto drawn =
        static_cast<float>(1000 + 10 * feature) + static_cast<float>(stream.uniform());
    return (sample + feature) % 7 == 0 ? std::numeric_limits<float>::quiet_NaN() : drawn;
  }

 private:
  void copy_samples(std::span<const std::int64_t> indices, BufferView features,
                    BufferView /*labels*/) const override {
    auto* out = static_cast<float*>(features.data);
    for (const std::int64_t index : indices) {
      if (index == bad_) {
        throw DataError("sample 70000 is bad");
      }
      for (std::int64_t f = 0; f < width_; ++f) {
        *out++ = value(index, f);
      }
    }
  }

  std::int64_t size_;
  std::int64_t width_;
  std::int64_t bad_;
};

// The oracle: two passes over all samples in long double.
TEST(FeatureStatistics, AreThoseOfTwoPasses) {
  for (const std::int64_t width : {1, 3, 40}) {
    const std::int64_t size = 2 * samples_per_block(width) + 123;
    const Drawn data(size, width);
    const FeatureStatistics found = measure_features(data);
    for (std::int64_t f = 0; f < width; ++f) {
      long double sum = 0;
      std::int64_t known = 0;
      float lowest = std::numeric_limits<float>::infinity();
      float highest = -lowest;
      for (std::int64_t i = 0; i < size; ++i) {
        const float value = data.value(i, f);
        if (!std::isnan(value)) {
          sum += static_cast<long double>(value);
          ++known;
          lowest = std::min(lowest, value);
          highest = std::max(highest, value);
        }
      }
      const long double mean = sum / static_cast<long double>(known);
      long double squares = 0;
      for (std::int64_t i = 0; i < size; ++i) {
        const long double off = static_cast<long double>(data.value(i, f)) - mean;
        squares += std::isnan(data.value(i, f)) ? 0 : off * off;
      }
      const auto at = static_cast<std::size_t>(f);
      EXPECT_EQ(found.counts[at], static_cast<double>(known));
      EXPECT_NEAR(found.means[at], static_cast<double>(mean), 1e-12 * static_cast<double>(mean));
      EXPECT_NEAR(found.squares[at], static_cast<double>(squares),
                  1e-10 * static_cast<double>(squares));
      EXPECT_EQ(found.lowest[at], lowest);
      EXPECT_EQ(found.highest[at], highest);
    }
  }
}

TEST(FeatureStatistics, HaveTheSameBitsOnAnyNumberOfThreads) {
  const Drawn data(50 * samples_per_block(16) + 1, 16);
  const FeatureStatistics one = measure_features(data, 1);
  for (const int threads : {2, 3, 7}) {
    const FeatureStatistics many = measure_features(data, threads);
    for (std::size_t f = 0; f < 16; ++f) {
      EXPECT_EQ(std::bit_cast<std::uint64_t>(many.means[f]),
                std::bit_cast<std::uint64_t>(one.means[f]));
      EXPECT_EQ(std::bit_cast<std::uint64_t>(many.squares[f]),
                std::bit_cast<std::uint64_t>(one.squares[f]));
    }
  }
}

TEST(FeatureStatistics, OfAFeatureWithoutAKnownValueAreZero) {
  FeatureStatistics all(2);
  FeatureStatistics part(2);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::array<float, 4> samples = {nan, 3, nan, 5};
  part.measure(samples.data(), 2);
  all.merge(part);
  EXPECT_THAT(all.counts, ElementsAre(0, 2));
  EXPECT_THAT(all.means, ElementsAre(0, 4));
  EXPECT_THAT(all.squares, ElementsAre(0, 2));
}

TEST(FeatureStatistics, AnErrorOfTheDatasetIsThrown) {
  EXPECT_EQ(test::error_of([] { measure_features(Drawn(200'000, 1, 70'000), 2); }),
            "sample 70000 is bad");
}

}  // namespace
}  // namespace dga
