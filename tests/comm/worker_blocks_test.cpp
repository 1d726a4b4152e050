// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/worker_blocks.h"

#include <gmock/gmock.h>

#include "dga/base/error.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

using testing::ElementsAre;

TEST(WorkerBlocks, FollowEachOtherAndDifferByAtMostOneWorker) {
  for (int workers = 1; workers <= 33; ++workers) {
    for (int carriers = 1; carriers <= workers; ++carriers) {
      const WorkerBlocks blocks(workers, carriers);
      int next = 0;
      for (int carrier = 0; carrier < carriers; ++carrier) {
        const WorkerBlock block = blocks.of(carrier);
        ASSERT_EQ(block.first, next);
        ASSERT_GE(block.count, workers / carriers);
        ASSERT_LE(block.count, (workers + carriers - 1) / carriers);
        for (int worker = block.first; worker < block.end(); ++worker) {
          ASSERT_EQ(blocks.carrier_of(worker), carrier) << workers << " on " << carriers;
        }
        next = block.end();
      }
      ASSERT_EQ(next, workers);
    }
  }
}

TEST(WorkerBlocks, AreCoveredByTheLargestTreeNodes) {
  const WorkerBlocks blocks(30, 2);
  EXPECT_THAT(blocks.cover_of(0), ElementsAre(TreeNode{0, 8, 3}, TreeNode{8, 4, 2},
                                              TreeNode{12, 2, 1}, TreeNode{14, 1, 0}));
  EXPECT_THAT(blocks.cover_of(1), ElementsAre(TreeNode{15, 1, 0}, TreeNode{16, 14, 4}));
  EXPECT_EQ(WorkerBlocks(30, 1).cover_of(0).size(), 1U);
}

TEST(WorkerBlocks, HaveNamesThatSayWhoIsMeant) {
  const WorkerBlocks blocks(5, 2);
  EXPECT_EQ(blocks.name_of(0), "carrier 0 (workers 0 to 2)");
  EXPECT_EQ(WorkerBlocks(3, 2).name_of(1), "worker 2");
  EXPECT_EQ(WorkerBlocks(3, 3).name_of(1), "worker 1");
}

TEST(WorkerBlocks, RefuseMoreCarriersThanWorkers) {
  EXPECT_EQ(test::error_of<InvalidArgument>([] { WorkerBlocks(3, 4); }),
            "[comm] carriers: expected 1 to 3, the number of workers, found 4. Use fewer carriers "
            "or more workers.");
  EXPECT_EQ(test::error_of<InvalidArgument>([] { WorkerBlocks(3, 0); }),
            "[comm] carriers: expected 1 to 3, the number of workers, found 0. Use fewer carriers "
            "or more workers.");
}

}  // namespace
}  // namespace dga
