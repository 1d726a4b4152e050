// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/collectives/tree_reduce.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "dga/base/random.h"
#include "tests/support/reference_tree.h"

namespace dga {
namespace {

std::vector<std::vector<float>> contributions(int workers, std::int64_t count) {
  std::vector<std::vector<float>> all;
  for (int w = 0; w < workers; ++w) {
    RandomStream stream(stream_key(1, "test", w));
    std::vector<float> mine(static_cast<std::size_t>(count));
    for (float& x : mine) {
      x = static_cast<float>(stream.uniform() * 2 - 1) *
          std::exp2f(static_cast<float>(stream.below(20)));
    }
    all.push_back(std::move(mine));
  }
  return all;
}

TEST(TreeReduce, EqualsTheDefinitionBitForBit) {
  for (const int workers : {1, 2, 3, 4, 5, 7, 8, 30}) {
    for (const std::int64_t count : {1, 1023, 1024, 1025, 5000}) {
      const auto data = contributions(workers, count);
      std::vector<ReduceSource> sources;
      for (int w = 0; w < workers; ++w) {
        sources.push_back({.node = {w, 1, 0},
                           .data = data[static_cast<std::size_t>(w)].data(),
                           .weight = 1.0 / (w + 3)});
      }
      std::vector<float> result(static_cast<std::size_t>(count));
      void* out = result.data();
      tree_reduce(sources, std::span<void* const>(&out, 1), count, DType::f32, ReduceOp::sum,
                  false);
      for (std::size_t i = 0; i < result.size(); ++i) {
        std::vector<float> leaves;
        for (int w = 0; w < workers; ++w) {
          leaves.push_back(data[static_cast<std::size_t>(w)][i] *
                           static_cast<float>(1.0 / (w + 3)));
        }
        ASSERT_EQ(result[i], test::reference_tree(leaves, [](float a, float b) { return a + b; }))
            << workers << " workers, element " << i;
      }
    }
  }
}

TEST(TreeReduce, PartialSumsOfAnySpreadGiveTheSameBits) {
  constexpr std::int64_t kCount = 777;
  for (const int workers : {2, 3, 5, 6, 7, 12, 30}) {
    const auto data = contributions(workers, kCount);
    const auto leaf = [&](int w) {
      return ReduceSource{.node = {w, 1, 0}, .data = data[static_cast<std::size_t>(w)].data()};
    };
    std::vector<ReduceSource> flat;
    for (int w = 0; w < workers; ++w) {
      flat.push_back(leaf(w));
    }
    std::vector<float> expected(kCount);
    void* out = expected.data();
    tree_reduce(flat, std::span<void* const>(&out, 1), kCount, DType::f32, ReduceOp::sum, false);

    for (int per_node = 1; per_node <= workers; ++per_node) {
      std::vector<std::vector<float>> partials;
      std::vector<ReduceSource> sources;
      partials.reserve(64);
      for (int node = 0; node * per_node < workers; ++node) {
        for (const TreeNode& part :
             tree_cover(workers, [&](int w) { return w / per_node == node; })) {
          std::vector<ReduceSource> below;
          for (int w = part.first; w < part.first + part.size; ++w) {
            below.push_back(leaf(w));
          }
          partials.emplace_back(kCount);
          void* partial = partials.back().data();
          tree_reduce(below, std::span<void* const>(&partial, 1), kCount, DType::f32, ReduceOp::sum,
                      true);
          sources.push_back({.node = part, .data = partial, .partial = true});
        }
      }
      std::vector<float> result(kCount);
      void* to = result.data();
      tree_reduce(sources, std::span<void* const>(&to, 1), kCount, DType::f32, ReduceOp::sum,
                  false);
      EXPECT_EQ(std::memcmp(result.data(), expected.data(), kCount * 4), 0)
          << workers << " workers, " << per_node << " a node";
    }
  }
}

float reduce_halves(const std::vector<std::uint16_t>& bits, DType type, std::uint16_t* rounded) {
  std::vector<ReduceSource> sources;
  for (std::size_t w = 0; w < bits.size(); ++w) {
    sources.push_back({.node = {static_cast<int>(w), 1, 0}, .data = &bits[w]});
  }
  float partial = 0;
  void* out = &partial;
  tree_reduce(sources, std::span<void* const>(&out, 1), 1, type, ReduceOp::sum, true);
  out = rounded;
  tree_reduce(sources, std::span<void* const>(&out, 1), 1, type, ReduceOp::sum, false);
  return partial;
}

TEST(TreeReduce, HalfValuesWidenExactlyAndRoundToNearestEven) {
  // Values from the definition of IEEE binary16: 1, the smallest subnormal 2^-24, the largest
  // finite 65504, and 2049 = 2048 + 1, a tie that goes to the even 2048.
  std::uint16_t rounded = 0;
  EXPECT_EQ(reduce_halves({0x3c00}, DType::f16, &rounded), 1.0F);
  EXPECT_EQ(rounded, 0x3c00);
  EXPECT_EQ(reduce_halves({0x0001}, DType::f16, &rounded), 0x1.0p-24F);
  EXPECT_EQ(rounded, 0x0001);
  EXPECT_EQ(reduce_halves({0x7bff}, DType::f16, &rounded), 65504.0F);
  EXPECT_EQ(rounded, 0x7bff);
  EXPECT_EQ(reduce_halves({0x6800, 0x3c00}, DType::f16, &rounded), 2049.0F);
  EXPECT_EQ(rounded, 0x6800);
  EXPECT_EQ(reduce_halves({0x6801, 0x3c00}, DType::f16, &rounded), 2051.0F);
  EXPECT_EQ(rounded, 0x6802);
  EXPECT_EQ(reduce_halves({0x7bff, 0x7bff}, DType::f16, &rounded), 131008.0F);
  EXPECT_EQ(rounded, 0x7c00) << "beyond the range lies infinity";
  EXPECT_TRUE(std::isnan(reduce_halves({0x7e00}, DType::f16, &rounded)));
  EXPECT_EQ(reduce_halves({0x8001}, DType::f16, &rounded), -0x1.0p-24F);
  EXPECT_EQ(rounded, 0x8001);
}

TEST(TreeReduce, EveryHalfSurvivesWideningAndRounding) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    std::uint16_t rounded = 0;
    const float wide = reduce_halves({half}, DType::f16, &rounded);
    if (!std::isnan(wide)) {
      ASSERT_EQ(rounded, half);
    }
  }
}

TEST(TreeReduce, BFloat16SumsAreCarriedInFloat) {
  // 256 + 1 + 1 in bf16 arithmetic stays 256; carried in f32 it is 258, which bf16 can hold.
  std::uint16_t rounded = 0;
  EXPECT_EQ(reduce_halves({0x4380, 0x3f80, 0x3f80}, DType::bf16, &rounded), 258.0F);
  EXPECT_EQ(rounded, 0x4381);
}

TEST(TreeReduce, MinAndMaxAnswerNaNWhereAnyElementIsNaN) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const auto op : {ReduceOp::min, ReduceOp::max}) {
    for (const std::size_t where : {0U, 1U, 2U}) {
      std::vector<float> values{1, 2, 3};
      values[where] = nan;
      std::vector<ReduceSource> sources;
      for (int w = 0; w < 3; ++w) {
        sources.push_back({.node = {w, 1, 0}, .data = &values[static_cast<std::size_t>(w)]});
      }
      float result = 0;
      void* out = &result;
      tree_reduce(sources, std::span<void* const>(&out, 1), 1, DType::f32, op, false);
      EXPECT_TRUE(std::isnan(result)) << name_of(op) << " " << where;
    }
  }
}

TEST(TreeReduce, IntegersWrapAround) {
  const std::vector<std::int64_t> values{std::numeric_limits<std::int64_t>::max(), 1};
  const std::vector<ReduceSource> sources{{.node = {0, 1, 0}, .data = &values[0]},
                                          {.node = {1, 1, 0}, .data = &values[1]}};
  std::int64_t result = 0;
  void* out = &result;
  tree_reduce(sources, std::span<void* const>(&out, 1), 1, DType::i64, ReduceOp::sum, false);
  EXPECT_EQ(result, std::numeric_limits<std::int64_t>::min());
}

}  // namespace
}  // namespace dga
