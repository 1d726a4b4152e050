// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/element_difference.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

template <typename T>
ElementDifference difference(const std::vector<T>& a, const std::vector<T>& b) {
  ElementDifference sum;
  add_difference(dtype_of<T>(), std::as_bytes(std::span(a)), std::as_bytes(std::span(b)), sum);
  return sum;
}

ElementDifference found(std::int64_t count, double largest, std::int64_t nan_count = 0) {
  return {.count = count, .nan_count = nan_count, .largest = largest};
}

TEST(ElementDifference, IsNoneOfEqualBits) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(difference<float>({1, nan, inf, 0}, {1, nan, inf, 0}), found(0, 0));
  EXPECT_EQ(difference<float>({}, {}), found(0, 0));
}

TEST(ElementDifference, CountsElementsAndHasTheLargestDistance) {
  EXPECT_EQ(difference<float>({1, 2, 3, 4}, {1, 2.5F, -3, 4}), found(2, 6));
  EXPECT_EQ(difference<double>({1e300, 0}, {-1e300, 0}), found(1, 2e300));
  EXPECT_EQ(difference<std::int32_t>({7, -5, 0}, {7, 5, 1}), found(2, 10));
  EXPECT_EQ(difference<std::uint8_t>({255, 1}, {0, 1}), found(1, 255));
  EXPECT_EQ(difference<std::int8_t>({-128, 1}, {127, 1}), found(1, 255));
  EXPECT_EQ(difference<Half>({{0x3c00}, {0x0001}}, {{0xc000}, {0x0001}}), found(1, 3));  // 1, -2
  EXPECT_EQ(difference<Half>({{0x0001}}, {{0x0000}}), found(1, 0x1p-24));
  EXPECT_EQ(difference<BFloat16>({{0x3f80}}, {{0x4040}}), found(1, 2));  // 1, 3
  ElementDifference booleans;
  const std::array<bool, 3> a{true, false, true};
  const std::array<bool, 3> b{true, true, false};
  add_difference(DType::boolean, std::as_bytes(std::span(a)), std::as_bytes(std::span(b)),
                 booleans);
  EXPECT_EQ(booleans, found(2, 1));
}

TEST(ElementDifference, OfTheFarthestIntegersDoesNotOverflow) {
  using Limits = std::numeric_limits<std::int64_t>;
  EXPECT_EQ(difference<std::int64_t>({Limits::min()}, {Limits::max()}), found(1, 0x1p64));
  EXPECT_EQ(difference<std::int64_t>({-1}, {1}), found(1, 2));
  EXPECT_EQ(difference<std::int32_t>({std::numeric_limits<std::int32_t>::min()},
                                     {std::numeric_limits<std::int32_t>::max()}),
            found(1, 0xffffffffU));
}

TEST(ElementDifference, TellsZerosInfinitiesAndNaNsByTheirBits) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto other_nan = std::bit_cast<float>(std::bit_cast<std::uint32_t>(nan) ^ 1U);
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(difference<float>({0}, {-0.0F}), found(1, 0));
  EXPECT_EQ(difference<float>({nan, 1}, {other_nan, 1}), found(1, 0, 1));
  EXPECT_EQ(difference<float>({nan, 1}, {3, 2}), found(2, 1, 1));
  EXPECT_EQ(difference<float>({inf}, {5}), found(1, inf));
  EXPECT_EQ(difference<float>({inf}, {-inf}), found(1, inf));
  EXPECT_EQ(difference<Half>({{0x7e00}}, {{0x7c00}}), found(1, 0, 1));
}

/// Blocks add up to what one block of all elements says, whatever their sizes.
TEST(ElementDifference, OfBlocksAddsUp) {
  RandomStream random(stream_key(3, "difference"));
  std::vector<double> a(1000);
  std::vector<double> b(1000);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = random.uniform();
    b[i] = random.below(3) == 0 ? random.uniform() : a[i];
  }
  std::int64_t count = 0;
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    count += a[i] == b[i] ? 0 : 1;
    largest = std::max(largest, std::abs(a[i] - b[i]));
  }
  ASSERT_GT(count, 200);
  EXPECT_EQ(difference(a, b), found(count, largest));
  ElementDifference sum;
  for (std::size_t first = 0; first < a.size();) {
    const std::size_t size = std::min<std::size_t>(1 + random.below(90), a.size() - first);
    add_difference(DType::f64, std::as_bytes(std::span(a).subspan(first, size)),
                   std::as_bytes(std::span(b).subspan(first, size)), sum);
    first += size;
  }
  EXPECT_EQ(sum, found(count, largest));
}

TEST(ElementDifference, NeedsBlocksOfEqualSizes) {
  ElementDifference sum;
  const std::array<std::byte, 8> bytes{};
  EXPECT_EQ(test::error_of<InvalidArgument>(
                [&] { add_difference(DType::f32, bytes, std::span(bytes).first(4), sum); }),
            "[storage] difference: expected blocks of equal sizes, found 8 and 4 bytes.");
}

}  // namespace
}  // namespace dga
