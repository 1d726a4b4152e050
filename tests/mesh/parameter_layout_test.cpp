// SPDX-License-Identifier: Apache-2.0

#include "dga/mesh/parameter_layout.h"

#include <gmock/gmock.h>

#include "dga/base/error.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

using test::error_of;
using testing::ElementsAre;

std::vector<ParameterSpec> mlp() {
  return {{"fc1.weight", {100, 64}},
          {"fc1.bias", {100}},
          {"fc2.weight", {10, 100}},
          {"fc2.bias", {10}}};
}

TEST(ParameterLayout, StartsEveryParameterOnALineLastRegisteredFirst) {
  const ParameterLayout layout(mlp(), 3);
  // Lines of 16 f32: 10 take 16, 1000 take 1008, 100 take 112, 6400 as they are.
  ASSERT_EQ(layout.buckets().size(), 1U);
  EXPECT_THAT(layout.buckets()[0].parameters, ElementsAre(3, 2, 1, 0));
  EXPECT_EQ(layout.parameters()[3].elements, (Slice{0, 10}));
  EXPECT_EQ(layout.parameters()[2].elements, (Slice{16, 1000}));
  EXPECT_EQ(layout.parameters()[1].elements, (Slice{1024, 100}));
  EXPECT_EQ(layout.parameters()[0].elements, (Slice{1136, 6400}));
  EXPECT_EQ(layout.first_byte(0), 4 * 1136);
  EXPECT_EQ(layout.buckets()[0].count, 7536);
  EXPECT_EQ(layout.bytes(), 4 * 7536);
}

TEST(ParameterLayout, GivesEveryElementOneOwnerInWholeLines) {
  for (const int workers : {1, 2, 3, 7, 30, 1000}) {
    const ParameterLayout layout(mlp(), workers, 512);
    for (int bucket = 0; bucket < static_cast<int>(layout.buckets().size()); ++bucket) {
      std::int64_t end = 0;
      for (int worker = 0; worker < workers; ++worker) {
        const Slice slice = layout.slice(bucket, worker);
        EXPECT_EQ(slice.count, layout.counts(bucket)[static_cast<std::size_t>(worker)]);
        EXPECT_EQ(slice.count % 16, 0);
        if (slice.count > 0) {
          EXPECT_EQ(slice.first, end);
          EXPECT_EQ(layout.owner(bucket, slice.first), worker);
          EXPECT_EQ(layout.owner(bucket, slice.first + slice.count - 1), worker);
        }
        end += slice.count;
      }
      EXPECT_EQ(end, layout.buckets()[static_cast<std::size_t>(bucket)].count);
    }
  }
}

TEST(ParameterLayout, StartsWithASmallBucketAndNeverCutsAParameter) {
  // 16 parameters of 1 KiB, buckets of 4 KiB: the first holds a quarter of one.
  std::vector<ParameterSpec> specs;
  for (int i = 0; i < 16; ++i) {
    specs.push_back({"p" + std::to_string(i), {256}});
  }
  specs.push_back({"huge", {4096}});
  const ParameterLayout layout(specs, 2, 4096);
  std::vector<std::size_t> sizes;
  for (const Bucket& bucket : layout.buckets()) {
    sizes.push_back(bucket.parameters.size());
  }
  EXPECT_THAT(sizes, ElementsAre(1, 4, 4, 4, 4));
  EXPECT_THAT(layout.buckets()[0].parameters, ElementsAre(16));
  EXPECT_THAT(layout.buckets()[1].parameters, ElementsAre(15, 14, 13, 12));
  EXPECT_EQ(layout.buckets()[1].first_byte, 4 * 4096);
}

TEST(ParameterLayout, PutsGroupsSideBySideWithinABucket) {
  auto specs = mlp();
  specs[1].group = specs[3].group = 1;
  const ParameterLayout layout(specs, 2);
  EXPECT_THAT(layout.buckets()[0].parameters, ElementsAre(2, 0, 3, 1));
  // 7536 elements are 471 lines: 236 and 235.
  const auto first = layout.pieces(0);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].group, 0);
  EXPECT_EQ(first[0].elements, (Slice{0, 3776}));
  EXPECT_THAT(first[0].parameters, ElementsAre(2, 0));
  const auto second = layout.pieces(1);
  ASSERT_EQ(second.size(), 2U);
  EXPECT_EQ(second[0].elements, (Slice{3776, 7408 - 3776}));
  EXPECT_THAT(second[0].parameters, ElementsAre(0));
  EXPECT_EQ(second[1].group, 1);
  EXPECT_EQ(second[1].elements, (Slice{7408, 128}));
  EXPECT_THAT(second[1].parameters, ElementsAre(3, 1));
}

TEST(ParameterLayout, KeepsTypesInBucketsOfTheirOwn) {
  const ParameterLayout layout(
      {{"a", {3}}, {"b", {3}, DType::f64}, {"c", {}, DType::f64}, {"d", {5}, DType::bf16}}, 1);
  ASSERT_EQ(layout.buckets().size(), 3U);
  EXPECT_EQ(layout.buckets()[0].type, DType::bf16);
  EXPECT_EQ(layout.buckets()[0].count, 32);
  EXPECT_EQ(layout.buckets()[1].type, DType::f64);
  EXPECT_EQ(layout.buckets()[1].first_byte, 64);
  EXPECT_EQ(layout.parameters()[1].elements, (Slice{8, 3}));
  EXPECT_EQ(layout.parameters()[2].elements, (Slice{0, 1}));
  EXPECT_EQ(layout.bytes(), 64 + 2 * 64 + 64);
}

TEST(ParameterLayout, KeepsTablesWithFewRowsInBucketsOfTheirOwn) {
  const ParameterLayout layout({{"table", {5, 3}, DType::f32, 0, false, true}, {"dense", {9}}}, 2);
  ASSERT_EQ(layout.buckets().size(), 2U);
  EXPECT_THAT(layout.buckets()[0].parameters, ElementsAre(1));
  EXPECT_FALSE(layout.buckets()[0].by_rows);
  EXPECT_THAT(layout.buckets()[1].parameters, ElementsAre(0));
  EXPECT_TRUE(layout.buckets()[1].by_rows);
  EXPECT_EQ(layout.slice(1, 1), (Slice{16, 0}));
}

TEST(ParameterLayout, FindsTheParameterOfAnElement) {
  auto specs = mlp();
  specs.insert(specs.begin() + 3, {"empty", {0, 7}});
  const ParameterLayout layout(specs, 4);
  EXPECT_EQ(layout.parameter_at(0, 0), 4);
  EXPECT_EQ(layout.parameter_at(0, 9), 4);
  EXPECT_EQ(layout.parameter_at(0, 10), -1);  // padding
  EXPECT_EQ(layout.parameter_at(0, 16), 2);
  EXPECT_EQ(layout.parameter_at(0, 1016), -1);
  EXPECT_EQ(layout.parameter_at(0, 1024), 1);
  EXPECT_EQ(layout.parameter_at(0, 7535), 0);
}

TEST(ParameterLayout, LeavesSurplusWorkersWithNothing) {
  const ParameterLayout layout({{"one", {1}}}, 3);
  EXPECT_EQ(layout.pieces(0).size(), 1U);
  EXPECT_TRUE(layout.pieces(1).empty());
  EXPECT_TRUE(layout.pieces(2).empty());
}

TEST(ParameterLayout, RefusesWhatCannotBeLaidOut) {
  EXPECT_EQ(error_of<InvalidArgument>([] { ParameterLayout({}, 1); }),
            "[mesh] ParameterLayout: expected at least one parameter, found none.");
  EXPECT_EQ(error_of<InvalidArgument>([] {
              ParameterLayout({{"a", {1}}}, 0);
            }),
            "[mesh] ParameterLayout: expected at least 1 worker, found 0.");
  EXPECT_EQ(error_of<InvalidArgument>([] {
              ParameterLayout({{"a", {1}}}, 1, -4);
            }),
            "[mesh] ParameterLayout: expected bucket_bytes of 0 or more, found -4.");
  EXPECT_EQ(error_of<InvalidArgument>([] {
              ParameterLayout({{"a", {1}}, {"a", {1}}}, 1);
            }),
            "[mesh] ParameterLayout: expected every name once, found 'a' twice. List a tied "
            "parameter under one of its names.");
  EXPECT_EQ(error_of<InvalidArgument>([] {
              ParameterLayout({{"a", {2, -1}}}, 1);
            }),
            "[mesh] ParameterLayout: expected sizes of 0 or more, found a f32 [2, -1].");
  EXPECT_EQ(error_of<InvalidArgument>([] {
              ParameterLayout({{"a", {2}, DType::i64}}, 1);
            }),
            "[mesh] ParameterLayout: expected floating-point parameters, found a i64 [2]. Only "
            "these have gradients.");
  EXPECT_EQ(error_of<InvalidArgument>([] {
              ParameterLayout({{"a", {2, 2}, DType::f32, 0, true, true}}, 1);
            }),
            "[mesh] ParameterLayout: expected a f32 [2, 2] to be atomic or reduced by rows, found "
            "both.");
  const ParameterLayout layout({{"a", {2}}}, 1);
  EXPECT_EQ(error_of<InvalidArgument>([&] { layout.owner(0, 16); }),
            "[mesh] ParameterLayout: expected an element in [0, 16) of bucket 0, found 16.");
}

}  // namespace
}  // namespace dga
