// SPDX-License-Identifier: Apache-2.0

#include "dga/data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "dga/data/aligned.h"
#include "dga/data/normalisation.h"
#include "dga/data/subset.h"
#include "dga/data/table.h"
#include "tests/data/data_fixture.h"
#include "tests/data/small_tables.h"

namespace dga {
namespace {

using testing::ElementsAre;

/// The class of a user: pairs (i, i * i), no memory behind them.
class Squares : public Dataset {
 public:
  std::int64_t size() const override { return 100; }
  std::vector<std::int64_t> sample_shape() const override { return {1, 2}; }
  DType label_type() const override { return DType::i64; }
  std::int64_t num_classes() const override { return 2; }

 private:
  void copy_samples(std::span<const std::int64_t> indices, BufferView features,
                    BufferView labels) const override {
    for (std::size_t i = 0; i < indices.size(); ++i) {
      if (features.data != nullptr) {
        auto* const out = static_cast<float*>(features.data) + 2 * i;
        out[0] = static_cast<float>(indices[i]);
        out[1] = out[0] * out[0];
      }
      if (labels.data != nullptr) {
        static_cast<std::int64_t*>(labels.data)[i] = indices[i] % 2;
      }
    }
  }
};

TEST(Dataset, GathersInTheOrderAskedForWithRepeats) {
  const Squares squares;
  const std::array<std::int64_t, 3> indices = {5, 2, 5};
  std::array<float, 6> features{};
  std::array<std::int64_t, 3> labels{};
  squares.gather(indices, BufferView(features.data(), 6), BufferView(labels.data(), 3));
  EXPECT_THAT(features, ElementsAre(5, 25, 2, 4, 5, 25));
  EXPECT_THAT(labels, ElementsAre(1, 0, 1));
  EXPECT_EQ(squares.num_features(), 2);
  EXPECT_THAT(squares.class_names(), ElementsAre("0", "1"));
}

TEST(Dataset, AViewWithoutDataIsLeftOut) {
  const auto table = test::classification({{1, 10}, {2, 20}}, {1, 0});
  const std::array<std::int64_t, 1> indices = {1};
  std::array<float, 2> features{};
  std::array<std::int64_t, 1> label{};
  table->gather(indices, BufferView(features.data(), 2), {});
  EXPECT_THAT(features, ElementsAre(2, 20));
  table->gather(indices, {}, BufferView(label.data(), 1));
  EXPECT_EQ(label[0], 0);
  EXPECT_THAT(class_labels(*table), ElementsAre(1, 0));
}

TEST(Dataset, SubsetsSeeTheSamplesOfTheirBase) {
  const auto base = test::classification({{1}, {2}, {3}, {4}}, {0, 1, 2, 0});
  const auto subset = std::make_shared<Subset>(base, std::vector<std::int64_t>{3, 1, 2});
  const Subset nested(subset, {2, 0});
  std::array<float, 2> features{};
  const std::array<std::int64_t, 2> all = {0, 1};
  nested.gather(all, BufferView(features.data(), 2), {});
  EXPECT_THAT(features, ElementsAre(3, 4));
  EXPECT_THAT(class_labels(nested), ElementsAre(2, 0));
  EXPECT_EQ(nested.num_classes(), 3);
}

TEST(Dataset, RefusesWhatDoesNotFit) {
  const auto table = test::classification({{1}, {2}}, {0, 1});
  std::array<float, 2> features{};
  const std::array<std::int64_t, 1> outside = {2};
  const std::array<std::int64_t, 1> first = {0};
  EXPECT_EQ(
      test::error_of<InvalidArgument>([&] { table->gather(outside, {}, {}); }),
      "[data] gather: expected indices in [0, 2), found 2. Take them from this dataset's split, "
      "shards or sampler.");
  EXPECT_EQ(
      test::error_of<InvalidArgument>(
          [&] { table->gather(first, BufferView(features.data(), 2), {}); }),
      "[data] gather: expected a buffer of 1 f32 for the features, found 2 f32. Size it for the "
      "batch.");
  EXPECT_EQ(
      test::error_of<InvalidArgument>(
          [&] { table->gather(first, {}, BufferView(features.data(), 1)); }),
      "[data] gather: expected a buffer of 1 i64 for the labels, found 1 f32. Size it for the "
      "batch.");
  EXPECT_EQ(test::error_of<InvalidArgument>([] {
              test::classification({{1}, {2}}, {0, 3}, 2);
            }),
            "[data] Table: expected labels in [0, 2), found 3 at sample 1. Map the labels to class "
            "indices first.");
  EXPECT_EQ(
      test::error_of<InvalidArgument>([&] { Subset(table, {-1}); }),
      "[data] Subset: expected indices in [0, 2), found -1. Take them from the base dataset.");
}

TEST(Dataset, ATableMayWrapMemoryThatAnotherOwns) {
  auto owner = std::make_shared<std::vector<float>>(std::vector<float>{1, 2, 3, 4});
  const std::weak_ptr<std::vector<float>> watch = owner;
  {
    const std::shared_ptr<const float[]> view(owner->data(), [owner](const float*) {});
    const Table table(2, {1}, view, std::shared_ptr<const float[]>(view, view.get() + 2));
    owner.reset();
    EXPECT_EQ(table.features(), watch.lock()->data());
    EXPECT_EQ(table.targets()[1], 4.0F);
  }
  EXPECT_TRUE(watch.expired());
}

TEST(Dataset, ATableOfBytesGathersTheSameBitsAsOneOfFloats) {
  constexpr std::int64_t kSamples = 7;
  constexpr std::int64_t kWidth = 37;  // no multiple of a vector
  const std::shared_ptr<std::uint8_t[]> bytes(new std::uint8_t[kSamples * kWidth]);
  const std::shared_ptr<float[]> floats(new float[kSamples * kWidth]);
  for (std::int64_t i = 0; i < kSamples * kWidth; ++i) {
    bytes[i] = static_cast<std::uint8_t>(i * 101);
    floats[i] = static_cast<float>(bytes[i]);
  }
  const std::shared_ptr<const float[]> targets(new float[kSamples]());
  const auto narrow =
      std::make_shared<Table>(kSamples, std::vector<std::int64_t>{kWidth}, bytes, targets);
  const auto wide =
      std::make_shared<Table>(kSamples, std::vector<std::int64_t>{kWidth}, floats, targets);
  EXPECT_EQ(narrow->features(), nullptr);
  EXPECT_EQ(narrow->bytes(), bytes.get());
  EXPECT_EQ(narrow->features_in_memory().bytes(), kSamples * kWidth);
  EXPECT_EQ(wide->features_in_memory().bytes(), 4 * kSamples * kWidth);
  EXPECT_EQ(narrow->feature_type(), DType::f32);
  const Normalisation scales = measure_normalisation(*narrow);
  EXPECT_EQ(scales.mean, measure_normalisation(*wide).mean);
  EXPECT_EQ(scales.scale, measure_normalisation(*wide).scale);
  const std::array<std::int64_t, 3> indices = {6, 0, 6};
  std::array<std::array<float, 3 * kWidth>, 2> gathered{};
  Normalised(narrow, scales).gather(indices, {gathered[0].data(), 3 * kWidth}, {});
  Normalised(wide, scales).gather(indices, {gathered[1].data(), 3 * kWidth}, {});
  EXPECT_EQ(gathered[0], gathered[1]);
}

TEST(Aligned, ArraysBeginOnACacheLineWhateverTheirSize) {
  for (const std::int64_t count : {0, 1, 100, 5'000'000}) {
    const auto array = allocate_aligned<float>(count);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(array.get()) % 64, 0U) << count;
  }
  EXPECT_THROW(allocate_aligned<float>(-1), std::bad_alloc);
  EXPECT_THROW(allocate_aligned<double>(std::int64_t{1} << 62), std::bad_alloc);
}

}  // namespace
}  // namespace dga
