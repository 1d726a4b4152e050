// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/arena/baton.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <vector>

#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

void wait_on(const Baton::Turn& /*turn*/) {}

TEST(Baton, GoesToWhoAsksInTheirOrder) {
  Baton baton;
  std::vector<int> order;  // guarded by the baton
  std::atomic<int> asking{0};
  baton.take(0, wait_on);
  std::vector<std::thread> threads;
  for (int rank = 1; rank <= 5; ++rank) {
    threads.emplace_back([&, rank] {
      const Baton::Hold hold(baton, rank, [&](const Baton::Turn& turn) {
        EXPECT_EQ(turn.holder, 0);
        asking = std::max<int>(asking, rank);
      });
      order.push_back(rank);
    });
    while (asking < rank) {
      std::this_thread::yield();
    }
  }
  baton.give(0);
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_THAT(order, testing::ElementsAre(1, 2, 3, 4, 5));
}

TEST(Baton, IsNotGivenToWhoGaveUp) {
  Baton baton;
  baton.take(0, wait_on);
  std::thread([&] {
    const double began = now_seconds();
    EXPECT_EQ(test::error_of<WorkerFailure>([&] {
                baton.take(1, [&](const Baton::Turn& turn) {
                  EXPECT_EQ(turn.holder, 0);
                  EXPECT_GE(turn.since, began);
                  EXPECT_GE(now_seconds(), turn.since);
                  throw WorkerFailure("given up");
                });
              }),
              "given up");
    EXPECT_LT(now_seconds() - began, 5);
    baton.give(1);  // does not have it
  }).join();
  int calls = 0;
  EXPECT_THROW(baton.take(2,
                          [&](const Baton::Turn& turn) {
                            EXPECT_EQ(turn.holder, 0);
                            if (++calls == 2) {
                              throw WorkerFailure("given up too");
                            }
                          }),
               WorkerFailure);
  baton.give(0);
  baton.take(3, [](const Baton::Turn&) { FAIL() << "nobody has it"; });
}

TEST(Baton, PassesOnIfItArrivesWhileItsReceiverGivesUp) {
  Baton baton;
  baton.take(0, wait_on);
  EXPECT_THROW(baton.take(1,
                          [&](const Baton::Turn&) {
                            baton.give(0);  // to worker 1, which waits
                            throw WorkerFailure("given up");
                          }),
               WorkerFailure);
  baton.take(2, [](const Baton::Turn&) { FAIL() << "nobody has it"; });
}

TEST(Baton, OfAWorkerThatRestsGoesToOthersAndComesBack) {
  Baton baton;
  baton.take(0, wait_on);
  {
    Baton::Rest rest(&baton, 0, wait_on);
    std::thread([&] { const Baton::Hold hold(baton, 1, wait_on); }).join();
    rest.end();
  }
  EXPECT_THROW(baton.take(1,
                          [](const Baton::Turn& turn) {
                            EXPECT_EQ(turn.holder, 0);
                            throw WorkerFailure("worker 0 has it again");
                          }),
               WorkerFailure);
}

TEST(Baton, IsGivenUpWhereAnExceptionEndsARest) {
  Baton baton;
  baton.take(0, wait_on);
  const auto fail = [](const Baton::Turn&) { throw WorkerFailure("the run has failed"); };
  EXPECT_EQ(test::error_of<Error>([&] {
              const Baton::Rest rest(&baton, 0, fail);
              std::thread([&] { baton.take(1, wait_on); }).join();
              throw Error("first");  // worker 1 keeps the baton
            }),
            "first");
  EXPECT_EQ(test::error_of<WorkerFailure>([&] {
              Baton::Rest rest(&baton, 0, fail);
              rest.end();
            }),
            "the run has failed");
  baton.give(0);
  EXPECT_EQ(test::error_of<WorkerFailure>([&] { baton.take(2, fail); }), "the run has failed");
}

TEST(Baton, MayBeMissing) {
  Baton::Rest rest(nullptr, 0, nullptr);
  rest.end();
}

}  // namespace
}  // namespace dga
