// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/collectives/fixed_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace dga {
namespace {

using testing::ElementsAre;

TEST(FixedTree, ABlockOfAPowerOfTwoIsOneNode) {
  EXPECT_THAT(tree_cover(8, [](int w) { return w >= 4; }), ElementsAre(TreeNode{4, 4, 2}));
  EXPECT_THAT(tree_cover(8, [](int) { return true; }), ElementsAre(TreeNode{0, 8, 3}));
}

TEST(FixedTree, AnyOtherBlockIsTheFewestNodesInOrder) {
  EXPECT_THAT(tree_cover(30, [](int w) { return w >= 3 && w < 9; }),
              ElementsAre(TreeNode{3, 1, 0}, TreeNode{4, 4, 2}, TreeNode{8, 1, 0}));
}

TEST(FixedTree, TheLastNodesAreCutByTheNumberOfWorkers) {
  EXPECT_THAT(tree_cover(7, [](int w) { return w >= 4; }), ElementsAre(TreeNode{4, 3, 2}));
  EXPECT_THAT(tree_cover(5, [](int w) { return w == 4; }), ElementsAre(TreeNode{4, 1, 2}));
}

TEST(FixedTree, ACoverHoldsExactlyTheAskedWorkersWhicheverTheyAre) {
  for (int n = 1; n <= 33; ++n) {
    for (int step = 1; step <= 4; ++step) {
      std::vector<int> held(static_cast<std::size_t>(n), 0);
      for (const TreeNode& node : tree_cover(n, [&](int w) { return w % step == 0; })) {
        for (int w = node.first; w < node.first + node.size; ++w) {
          ++held[static_cast<std::size_t>(w)];
        }
      }
      for (int w = 0; w < n; ++w) {
        EXPECT_EQ(held[static_cast<std::size_t>(w)], w % step == 0 ? 1 : 0) << n << " " << w;
      }
    }
  }
}

TEST(Slices, CoverEverythingOnceAndStartOnTheAlignment) {
  for (const std::int64_t count : {0, 1, 15, 16, 17, 1000, 7510}) {
    for (const int parts : {1, 2, 3, 7, 30}) {
      std::int64_t next = 0;
      for (int i = 0; i < parts; ++i) {
        const Slice slice = slice_of(count, parts, i, 16);
        EXPECT_EQ(slice.first, next);
        EXPECT_TRUE(slice.first % 16 == 0 || slice.count == 0);
        next += slice.count;
      }
      EXPECT_EQ(next, count);
    }
  }
}

}  // namespace
}  // namespace dga
