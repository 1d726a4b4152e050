// SPDX-License-Identifier: Apache-2.0

#include "dga/data/normalisation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <vector>

#include "dga/base/random.h"
#include "dga/data/load.h"
#include "dga/data/subset.h"
#include "tests/data/data_fixture.h"
#include "tests/data/small_tables.h"

namespace dga {
namespace {

using testing::ElementsAre;

TEST(Normalisation, MeasuresMeanAndDeviationOfEachFeature) {
  const auto table = test::classification({{1, 10}, {3, 10}, {5, 40}, {7, 40}}, {0, 1, 0, 1});
  const Normalisation measured = measure_normalisation(*table);
  EXPECT_THAT(measured.mean, ElementsAre(4.0F, 25.0F));
  EXPECT_THAT(measured.scale, ElementsAre(2.23606797749979F, 15.0F));  // sqrt(5), 15
}

// numpy: d = numpy.loadtxt("data/digits/digits.csv", delimiter=",")[:, :64]; d.mean(0)[28],
// d.std(0)[28]
TEST(Normalisation, OfTheDigitsIsNumpys) {
  const auto digits = load_data({.data = "data/digits"}).train;
  const Normalisation measured = measure_normalisation(*digits);
  ASSERT_EQ(measured.mean.size(), 64U);
  EXPECT_FLOAT_EQ(measured.mean[28], 9.927100723427936F);
  EXPECT_FLOAT_EQ(measured.scale[28], 6.150380825954412F);
  EXPECT_EQ(measured.mean[0], 0.0F);
  EXPECT_EQ(measured.scale[0], 1.0F) << "the first pixel is 0 in every picture";
}

// The sum of ten thousand times 0.1F, divided, is not 0.1F in every summation, and its variance not
// 0.
TEST(Normalisation, AConstantFeatureBecomesZeroNotNoise) {
  const auto table = test::classification(std::vector<std::vector<float>>(10'000, {0.1F}),
                                          std::vector<std::int64_t>(10'000), 2);
  const Normalisation measured = measure_normalisation(*table);
  EXPECT_EQ(measured.scale[0], 1.0F);
  std::array<float, 1> sample = {0.1F};
  measured.apply(sample.data(), 1);
  EXPECT_EQ(sample[0], 0.0F);
}

TEST(Normalisation, TheLargestFloatsDoNotOverflow) {
  const auto table = test::classification({{3e38F}, {-3e38F}}, {0, 1});
  const Normalisation measured = measure_normalisation(*table);
  EXPECT_FLOAT_EQ(measured.scale[0], 3e38F);
}

TEST(Normalisation, AnyNumberOfFeaturesHasTheBitsOfOneAfterTheOther) {
  RandomStream random(stream_key(1, "values"));
  const auto draw = [&] { return static_cast<float>(random.uniform() * 10 - 3); };
  for (const std::size_t width : {1U, 15U, 16U, 17U, 50U, 64U}) {
    Normalisation measured;
    std::generate_n(std::back_inserter(measured.mean), width, draw);
    std::generate_n(std::back_inserter(measured.scale), width, [&] { return draw() + 4; });
    std::vector<float> samples;
    std::generate_n(std::back_inserter(samples), 3 * width, draw);
    std::vector<float> expected = samples;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      // Opaque to the compiler, so that these are divided one by one.
      const volatile float difference = expected[i] - measured.mean[i % width];
      expected[i] = difference / measured.scale[i % width];
    }
    measured.apply(samples.data(), 3);
    EXPECT_EQ(samples, expected) << width;
  }
}

TEST(Normalisation, AViewNormalisesWhatItGathersAndLeavesTheBase) {
  const auto table = test::classification({{1, 10}, {3, 10}, {5, 40}, {7, 40}}, {0, 1, 0, 1});
  const Normalised view(table, measure_normalisation(*table));
  std::array<float, 4> features{};
  std::array<std::int64_t, 2> labels{};
  const std::array<std::int64_t, 2> indices = {3, 0};
  view.gather(indices, BufferView(features.data(), 4), BufferView(labels.data(), 2));
  EXPECT_FLOAT_EQ(features[0], 1.3416407864998738F);  // 3 / sqrt(5)
  EXPECT_THAT(std::vector<float>({features[1], features[3]}), ElementsAre(1.0F, -1.0F));
  EXPECT_THAT(labels, ElementsAre(1, 0));
  EXPECT_EQ(table->features()[0], 1.0F);
}

TEST(Normalisation, AMissingValueBecomesTheMeanOfTheOthers) {
  const auto table = test::classification({{1, NAN}, {NAN, NAN}, {5, NAN}}, {0, 1, 0});
  const Normalisation measured = measure_normalisation(*table);
  EXPECT_THAT(measured.mean, ElementsAre(3.0F, 0.0F));
  EXPECT_THAT(measured.scale, ElementsAre(2.0F, 1.0F));
  EXPECT_TRUE(measured.fill);
  std::array<float, 4> samples = {NAN, NAN, 5, 2};
  measured.apply(samples.data(), 2);
  EXPECT_THAT(samples, ElementsAre(0, 0, 1, 2));
}

TEST(Normalisation, AViewNormalisesTargetsWhenAsked) {
  const auto table = test::regression({{1}, {2}, {3}}, {10, 20, 30});
  const TargetNormalisation targets = measure_target_normalisation(*table);
  EXPECT_EQ(targets.mean, 20);
  const Normalised view(table, measure_normalisation(*table), TargetNormalisation{20, 10});
  std::array<float, 3> labels{};
  const std::array<std::int64_t, 3> indices = {2, 1, 0};
  view.gather(indices, {}, BufferView(labels.data(), 3));
  EXPECT_THAT(labels, ElementsAre(1, 0, -1));
}

TEST(Normalisation, RefusesDataItWasNotMeasuredOn) {
  const auto one = test::classification({{1}, {2}}, {0, 1});
  const auto two = test::classification({{1, 2}, {2, 3}}, {0, 1});
  EXPECT_EQ(
      test::error_of<InvalidArgument>([&] { Normalised(one, measure_normalisation(*two)); }),
      "[data] Normalised: expected the normalisation of 1 features, found that of 2. Measure it on "
      "data of the same shape.");
  EXPECT_EQ(
      test::error_of<InvalidArgument>([&] { measure_normalisation(Subset(one, {})); }),
      "[data] normalisation: expected at least one training sample, found none. Lower the test "
      "fraction or provide more data.");
}

}  // namespace
}  // namespace dga
