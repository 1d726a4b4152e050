// SPDX-License-Identifier: Apache-2.0

#include "dga/base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <set>
#include <vector>

namespace dga {
namespace {

// Published with the reference implementation of SplitMix64, and computed again by
// tests/base/golden_random.py.
TEST(RandomStream, GivesTheReferenceSequence) {
  RandomStream stream(1234567);
  EXPECT_EQ(stream.next(), 6457827717110365317ULL);
  EXPECT_EQ(stream.next(), 3203168211198807973ULL);
  EXPECT_EQ(stream.next(), 9817491932198370423ULL);
}

TEST(RandomStream, UniformIsTheUpper53BitsOverTwoTo53) {
  RandomStream stream(1234567);
  EXPECT_EQ(stream.uniform(),
            static_cast<double>(6457827717110365317ULL >> 11) / 9007199254740992.0);
}

TEST(RandomStream, BelowStaysBelowAndReachesEveryValue) {
  RandomStream stream(1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70000; ++i) {
    const std::uint64_t value = stream.below(7);
    ASSERT_LT(value, 7U);
    ++counts[value];
  }
  // Six standard deviations of a binomial with 70000 draws and p = 1/7 are 556.
  for (const int count : counts) {
    EXPECT_NEAR(count, 10000, 556);
  }
}

TEST(RandomStream, BelowRejectsWhatWouldBiasALargeBound) {
  // With a bound of 3/4 of 2^64, taking the product's upper half alone would draw the residues
  // unevenly; golden_random.py states the first values that survive rejection; the second draw does
  // not.
  RandomStream stream(4);
  const std::uint64_t bound = 3ULL << 62;
  EXPECT_EQ(stream.below(bound), 5969216286790952983ULL);
  EXPECT_EQ(stream.below(bound), 11885935639689732935ULL);
  EXPECT_EQ(stream.below(bound), 6803725490142509686ULL);
}

TEST(StreamKey, MatchesTheIndependentImplementation) {
  EXPECT_EQ(stream_key(0, ""), 2558736989570252433ULL);
  EXPECT_EQ(stream_key(7, "shuffle", 3, 29), 13770044504652794779ULL);
  EXPECT_EQ(stream_key(7, "poids\xc3\xa9", -1), 914308687610463635ULL);
}

TEST(StreamKey, EveryArgumentMatters) {
  const std::set<std::uint64_t> keys = {stream_key(1, "a", 0, 0), stream_key(2, "a", 0, 0),
                                        stream_key(1, "b", 0, 0), stream_key(1, "aa", 0, 0),
                                        stream_key(1, "a", 1, 0), stream_key(1, "a", 0, 1)};
  EXPECT_EQ(keys.size(), 6U);
}

TEST(Shuffle, IsAPermutationThatTheStreamDecides) {
  std::vector<std::int64_t> first(100);
  std::iota(first.begin(), first.end(), 0);
  std::vector<std::int64_t> sorted = first;
  std::vector<std::int64_t> second = first;
  RandomStream one(5);
  RandomStream two(5);
  shuffle(first, one);
  shuffle(second, two);
  EXPECT_EQ(first, second);
  EXPECT_NE(first, sorted);
  std::sort(second.begin(), second.end());
  EXPECT_EQ(second, sorted);
}

TEST(Shuffle, MatchesTheIndependentImplementation) {
  std::vector<std::int64_t> items = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  RandomStream stream(99);
  shuffle(items, stream);
  EXPECT_EQ(items, (std::vector<std::int64_t>{7, 4, 3, 9, 5, 1, 8, 6, 0, 2}));
}

}  // namespace
}  // namespace dga
