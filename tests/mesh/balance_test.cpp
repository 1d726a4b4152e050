// SPDX-License-Identifier: Apache-2.0

#include "dga/mesh/balance.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <limits>

#include "dga/base/random.h"

namespace dga {
namespace {

using testing::ElementsAre;

double largest_sum(const std::vector<double>& costs, const std::vector<int>& part_of, int parts) {
  std::vector<double> sums(static_cast<std::size_t>(parts), 0);
  for (std::size_t i = 0; i < costs.size(); ++i) {
    sums.at(static_cast<std::size_t>(part_of[i])) += costs[i];
  }
  return *std::max_element(sums.begin(), sums.end());
}

/// The smallest possible largest sum, by trying everything.
double best(const std::vector<double>& costs, int parts, std::vector<int> part_of = {}) {
  if (part_of.size() == costs.size()) {
    return largest_sum(costs, part_of, parts);
  }
  double least = std::numeric_limits<double>::infinity();
  part_of.push_back(0);
  for (; part_of.back() < parts; ++part_of.back()) {
    least = std::min(least, best(costs, parts, part_of));
  }
  return least;
}

TEST(Balance, TakesTheLargestFirstAndTheLowestOfEquals) {
  const std::array costs{1.0, 5.0, 3.0, 3.0, 5.0};
  // 5 (1) to 0, 5 (4) to 1, 3 (2) to 2, 3 (3) to 2 with 3 < 5, 1 to 0 with 5 = 5.
  EXPECT_THAT(balance(costs, 3), ElementsAre(0, 0, 2, 2, 1));
  EXPECT_THAT(balance(costs, 1), ElementsAre(0, 0, 0, 0, 0));
  EXPECT_TRUE(balance({}, 4).empty());
}

TEST(Balance, KeepsTheBoundOfLongestProcessingTimeFirst) {
  RandomStream random(1);
  for (int round = 0; round < 200; ++round) {
    const int parts = 1 + static_cast<int>(random.below(3));
    std::vector<double> costs(1 + random.below(7));
    for (double& cost : costs) {
      cost = static_cast<double>(random.below(20));
    }
    EXPECT_LE(largest_sum(costs, balance(costs, parts), parts),
              (4.0 / 3 - 1.0 / (3 * parts)) * best(costs, parts) + 1e-9);
  }
}

TEST(UpdateCost, CountsTheOperationsOfANewtonSchulzIteration) {
  // 2 (m n m) + 2 (m m m) + 2 (m m n) for m = 2, n = 3
  EXPECT_EQ(update_cost(std::array<std::int64_t, 2>{2, 3}), 24 + 16 + 24);
  EXPECT_EQ(update_cost(std::array<std::int64_t, 2>{3, 2}), 64);
  EXPECT_EQ(update_cost(std::array<std::int64_t, 3>{2, 3, 1}), 64);
  EXPECT_EQ(update_cost(std::array<std::int64_t, 1>{7}), 7);
  EXPECT_EQ(update_cost({}), 1);
  EXPECT_EQ(update_cost(std::array<std::int64_t, 2>{0, 4}), 0);
}

}  // namespace
}  // namespace dga
