// SPDX-License-Identifier: Apache-2.0

#include "dga/data/arrays.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/as_table.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

template <typename T>
std::shared_ptr<const T[]> array(const std::vector<T>& values) {
  auto copy = std::make_shared<T[]>(values.size());
  std::copy(values.begin(), values.end(), copy.get());
  return copy;
}

/// Samples of `width` f64 features with the labels 0, 1, 0, 1, …
SampleArrays wide(std::int64_t width, const std::vector<double>& values) {
  SampleArrays arrays{.count = std::ssize(values) / width, .shape = {width}};
  arrays.wide_features = array(values);
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < arrays.count; ++i) {
    labels.push_back(i % 2);
  }
  arrays.labels = array(labels);
  return arrays;
}

Columns columns(std::vector<Column> all, Missing missing = Missing::error) {
  return {.all = std::move(all), .missing = missing};
}

std::vector<float> features_of(const Dataset& set) {
  const Table& table = test::as_table(set);
  return {table.features(), table.features() + table.size() * table.num_features()};
}

std::vector<std::int64_t> classes_of(const Dataset& set) {
  const Table& table = test::as_table(set);
  return {table.labels(), table.labels() + table.size()};
}

std::string data_error(const SampleArrays& train, const SampleArrays& test = {}) {
  return test::error_of<DataError>([&] { data_from_arrays(train, test); });
}

TEST(Arrays, Features32AreSharedAndFeatures64AreCopied) {
  SampleArrays arrays = wide(2, {1, 2, 3, 4});
  EXPECT_THAT(features_of(*data_from_arrays(arrays).train), ElementsAre(1, 2, 3, 4));
  arrays.wide_features = nullptr;
  arrays.features = array<float>({1, 2, 3, 4});
  EXPECT_EQ(test::as_table(data_from_arrays(arrays).train).features(), arrays.features.get());
}

TEST(Arrays, UnixTimesKeepTheirDifferences) {
  const SampleArrays train = wide(2, {1.7e9, 5, 1.7e9 + 1, 6, 1.7e9 + 3, 7, 1.7e9 + 4, 8});
  SampleArrays test = wide(2, {1.7e9 + 2, 9, 1.7e9 + 7, 1});
  const LoadedData data = data_from_arrays(train, test);
  EXPECT_THAT(data.train->origins().features, ElementsAre(1.7e9 + 2, 0));
  EXPECT_THAT(features_of(*data.train), ElementsAre(-2, 5, -1, 6, 1, 7, 2, 8));
  EXPECT_THAT(features_of(*data.test), ElementsAre(0, 9, 5, 1));
  EXPECT_THAT(data.summary.notices, IsEmpty());
}

TEST(Arrays, ATestSetOfF32IsMovedToTheOriginsToo) {
  const SampleArrays train = wide(1, {1.7e9, 1.7e9 + 2});
  SampleArrays test{.count = 1, .shape = {1}};
  test.features = array<float>({1.7e9F});
  test.labels = array<std::int64_t>({1});
  EXPECT_THAT(features_of(*data_from_arrays(train, test).test), ElementsAre(1.7e9F - (1.7e9 + 1)));
}

TEST(Arrays, TargetsKeepTheirDifferences) {
  SampleArrays arrays{.count = 3, .shape = {1}};
  arrays.features = array<float>({1, 2, 3});
  arrays.wide_targets = array<double>({1.7e9, 1.7e9 + 1, 1.7e9 + 2});
  const LoadedData data = data_from_arrays(arrays);
  EXPECT_EQ(data.train->origins().target, 1.7e9 + 1);
  EXPECT_EQ(test::as_table(data.train).targets()[0], -1);
  EXPECT_EQ(test::as_table(data.train).targets()[2], 1);
  EXPECT_EQ(test::as_table(data.train).features(), arrays.features.get());
}

TEST(Arrays, ValuesThatMergeAreANotice) {
  SampleArrays arrays = wide(1, {1, 1e12, 1e12 + 1, 3});
  arrays.columns = columns({{.name = "id"}});
  EXPECT_THAT(data_from_arrays(arrays).summary.notices,
              ElementsAre("[data] x: column id has different values that are equal in f32, even as "
                          "distances from their mean, so the model cannot tell them apart. Leave "
                          "an identifier out."));
}

TEST(Arrays, SamplesThatAreLeftOutDefineNoClasses) {
  SampleArrays arrays = wide(1, {1, kMissing, 3, 4});
  arrays.columns = columns({{.name = "a"}}, Missing::drop);
  arrays.labels = array<std::int64_t>({0, 7, 1, 0});
  EXPECT_THAT(data_from_arrays(arrays).train->class_names(), ElementsAre("0", "1"));
  // The numbers of samples in errors are the caller's.
  SampleArrays test = wide(1, {kMissing, 1, 2, 3});
  test.labels = array<std::int64_t>({0, 1, 9, 0});
  EXPECT_THAT(test::error_of<DataError>([&] { data_from_arrays(arrays, test); }),
              HasSubstr("test_y: sample 2: expected a label of the training set"));
}

TEST(Arrays, ValuesThatAreNoF32AreAnError) {
  for (const double value : {1e39, -1e300}) {
    EXPECT_EQ(data_error(wide(1, {value, value})),
              "[data] x: expected numbers that f32 can hold, at most 3.4e38, found " + str(value) +
                  " in sample 0. Scale them down.");
  }
  EXPECT_THAT(data_error(wide(1, {1, HUGE_VAL})),
              HasSubstr("expected finite numbers, found inf in sample 1."));
}

TEST(Arrays, MissingValuesAreAnErrorThatNamesTheColumn) {
  SampleArrays arrays = wide(2, {1, 2, 3, kMissing});
  EXPECT_EQ(data_error(arrays),
            "[data] x: expected finite numbers, found nan in sample 1, feature 1. Remove such "
            "samples or replace the values, or set missing to mean or drop.");
  arrays.columns = columns({{.name = "a"}, {.name = "b"}});
  EXPECT_THAT(data_error(arrays), HasSubstr("found nan in sample 1, column b."));
}

TEST(Arrays, MissingValuesAreFilledOrLeftOutWhereThatIsAsked) {
  SampleArrays arrays = wide(1, {1, kMissing, 3, 4});
  arrays.columns = columns({{.name = "a"}}, Missing::mean);
  const LoadedData filled = data_from_arrays(arrays);
  EXPECT_EQ(filled.train->size(), 4);
  EXPECT_TRUE(std::isnan(test::as_table(filled.train).features()[1]));
  EXPECT_THAT(filled.summary.notices,
              ElementsAre("[data] x: 1 of 4 samples have missing values. The values are replaced "
                          "by the mean of their column."));
  arrays.columns.missing = Missing::drop;
  const LoadedData dropped = data_from_arrays(arrays);
  EXPECT_THAT(features_of(*dropped.train), ElementsAre(1, 3, 4));
  EXPECT_THAT(classes_of(*dropped.train), ElementsAre(0, 0, 1));
  EXPECT_THAT(dropped.summary.notices,
              ElementsAre("[data] x: 1 of 4 samples have missing values. They are left out."));
  arrays.wide_features = array<double>({kMissing, kMissing, kMissing, kMissing});
  EXPECT_EQ(data_error(arrays),
            "[data] x: expected samples without missing values, found none in all 4. Set missing "
            "to mean, or leave columns out.");
}

TEST(Arrays, HeldOutSamplesAreFilledWhereTheTrainingSamplesHaveNoMissingValue) {
  SampleArrays train = wide(1, {1, 3, 5, 7});
  train.columns = columns({{.name = "a"}}, Missing::mean);
  const PreparedData data =
      split_and_normalise(data_from_arrays(train, wide(1, {kMissing, 4})), 0, 1);
  std::vector<float> values(2);
  const std::vector<std::int64_t> both = {0, 1};
  data.test->gather(both, BufferView(values.data(), 2), {});
  EXPECT_THAT(values, ElementsAre(0, 0));
}

TEST(Arrays, TextLabelsAreClassesAndATestSetIsMatchedByText) {
  SampleArrays train = wide(1, {1, 2, 3});
  train.label_texts = {"cat", "dog", "elk"};
  train.labels = array<std::int64_t>({2, 0, 2});
  SampleArrays test = wide(1, {1, 2});
  test.label_texts = {"elk"};
  test.labels = array<std::int64_t>({0, 0});
  const LoadedData data = data_from_arrays(train, test);
  EXPECT_TRUE(data.columns.text_labels);
  EXPECT_THAT(data.train->class_names(), ElementsAre("cat", "elk"));
  EXPECT_THAT(classes_of(*data.train), ElementsAre(1, 0, 1));
  EXPECT_THAT(classes_of(*data.test), ElementsAre(1, 1));
  test.label_texts = {"dog"};
  EXPECT_EQ(data_error(train, test),
            "[data] test_y: sample 0: expected a label of the training set (2 from cat to elk), "
            "found dog. Remove the sample, or add samples like it to the training set.");
  test.label_texts = {};
  EXPECT_EQ(data_error(train, test),
            "[data] test_x: expected samples like those of x, with 1 features and text labels, "
            "found 1 features and integer labels. Take both from the same source.");
}

TEST(Arrays, AnErrorNamesTheSampleAlsoAfterSamplesThatAreLeftOut) {
  SampleArrays train = wide(1, {1, 2});
  train.columns = columns({{.name = "a"}}, Missing::drop);
  SampleArrays test = wide(1, {kMissing, 1, 2});
  test.labels = array<std::int64_t>({0, 1, 9});
  EXPECT_THAT(data_error(train, test), HasSubstr("[data] test_y: sample 2: expected a label"));
}

TEST(Arrays, WhatDoesNotFitTogetherIsInvalid) {
  const auto invalid = [](const SampleArrays& arrays) {
    return test::error_of<InvalidArgument>([&] { data_from_arrays(arrays); });
  };
  SampleArrays both = wide(1, {1, 2});
  both.features = array<float>({1, 2});
  EXPECT_THAT(invalid(both), HasSubstr("expected features as f32 or as f64, found both"));
  SampleArrays twice = wide(1, {1, 2});
  twice.wide_targets = array<double>({1, 2});
  EXPECT_THAT(invalid(twice), HasSubstr("expected labels or targets, found both"));
  SampleArrays narrow = wide(2, {1, 2, 3, 4});
  narrow.columns = columns({{.name = "a"}});
  EXPECT_THAT(invalid(narrow), HasSubstr("expected columns that give 2 features, found 1"));
  SampleArrays texts = wide(1, {1, 2});
  texts.label_texts = {"b", "a"};
  EXPECT_THAT(invalid(texts), HasSubstr("expected label texts that ascend"));
  texts.label_texts = {"a"};
  EXPECT_THAT(invalid(texts), HasSubstr("expected labels in [0, 1), found 1 in sample 1"));
}

}  // namespace
}  // namespace dga
