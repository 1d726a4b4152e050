// SPDX-License-Identifier: Apache-2.0
//
// Workers that share carriers: they run one at a time, and fail together.

#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/launch/launch.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// Computes for so long, without waiting for anybody.
void compute(double seconds) {
  const double end = now_seconds() + seconds;
  while (now_seconds() < end) {
  }
}

TEST(SharedCarriers, RunOneOfTheirWorkersAtATime) {
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  launch({.engine = Engine::threads, .workers = 7, .carriers = 2}, [&](Environment& environment) {
    EXPECT_EQ(environment.workers(), 7);
    EXPECT_TRUE(environment.blocks().one_each());
    for (int i = 0; i < 20; ++i) {
      const int now = ++running;
      int before = most;
      while (now > before && !most.compare_exchange_weak(before, now)) {
      }
      compute(1e-3);
      --running;
      environment.world().barrier();
    }
  });
  EXPECT_LE(most, 2);
}

TEST(SharedCarriers, AreThreadsOfOneProcessEach) {
  launch({.engine = Engine::processes, .workers = 7, .carriers = 3}, [](Environment& environment) {
    std::vector<std::int64_t> pids(7);
    const std::int64_t mine = getpid();
    environment.world().all_gather({&mine, 1}, {pids.data(), 7});
    const WorkerBlocks blocks(7, 3);
    for (int a = 0; a < 7; ++a) {
      for (int b = 0; b < 7; ++b) {
        DGA_CHECK((pids[static_cast<std::size_t>(a)] == pids[static_cast<std::size_t>(b)]) ==
                      (blocks.carrier_of(a) == blocks.carrier_of(b)),
                  "workers ", a, " and ", b);
      }
    }
  });
}

TEST(SharedCarriers, PassMessagesAmongTheirWorkers) {
  for (const Engine engine : {Engine::threads, Engine::processes}) {
    launch({.engine = engine, .workers = 5, .carriers = 2}, [](Environment& environment) {
      // A ring: each waits for its left neighbour, mostly one of its own carrier.
      const int rank = environment.rank();
      std::vector<std::int32_t> token(20'000, rank == 0 ? 1 : 0);
      const BufferView view{token.data(), std::ssize(token)};
      for (int round = 0; round < 3; ++round) {
        if (rank > 0) {
          environment.world().receive(view, rank - 1);
          ++token.back();
        }
        environment.world().send(view, (rank + 1) % 5);
        if (rank == 0) {
          environment.world().receive(view, 4);
        }
      }
      DGA_CHECK(token.front() == 1, "found ", token.front());
      DGA_CHECK(rank != 0 || token.back() == 1 + 3 * 4, "found ", token.back());
    });
  }
}

TEST(SharedCarriers, LetTheOthersRunWhileAProgramPolls) {
  for (const Engine engine : {Engine::threads, Engine::processes}) {
    launch({.engine = engine, .workers = 5, .carriers = 2}, [](Environment& environment) {
      double sum = environment.rank();
      Pending pending = environment.world().start_all_reduce({&sum, 1});
      while (!pending.test()) {
      }
      DGA_CHECK(sum == 10, "found ", sum);
    });
  }
}

TEST(SharedCarriers, DoNotTimeOutWhileTheirWorkersTakeTurns) {
  // The first worker waits 1 s for the last, which has not had its turn: longer than the timeout,
  // but one of them gets on all the time.
  for (const Engine engine : {Engine::threads, Engine::processes}) {
    launch({.engine = engine, .workers = 6, .carriers = 1, .timeout_s = 0.5},
           [](Environment& environment) {
             compute(0.2);
             environment.world().barrier();
           });
  }
}

TEST(SharedCarriers, FailWithTheWorkerThatThrows) {
  for (const Engine engine : {Engine::threads, Engine::processes}) {
    const double started = now_seconds();
    EXPECT_THAT(test::error_of<WorkerFailure>([&] {
                  launch({.engine = engine, .workers = 7, .carriers = 2},
                         [](Environment& environment) {
                           environment.world().barrier();
                           if (environment.rank() == 5) {
                             throw Error("a bad sample");
                           }
                           environment.world().barrier("the end");
                         });
                }),
                HasSubstr("[launch] worker 5 failed: a bad sample"));
    EXPECT_LT(now_seconds() - started, 5);
  }
}

TEST(SharedCarriers, FailWhenOneOfThemDies) {
  EXPECT_THAT(test::error_of<WorkerFailure>([&] {
                launch({.engine = Engine::processes, .workers = 6, .carriers = 2},
                       [](Environment& environment) {
                         environment.world().barrier();
                         if (environment.rank() == 4) {
                           std::_Exit(3);
                         }
                         environment.world().barrier("the end");
                       });
              }),
              AllOf(HasSubstr("[launch] carrier 1 (workers 3 to 5) (process "),
                    HasSubstr("exited with code 3 before its work was done")));
}

TEST(SharedCarriers, FailWhenAWorkerReturnsEarly) {
  for (const Engine engine : {Engine::threads, Engine::processes}) {
    EXPECT_THAT(test::error_of<WorkerFailure>([&] {
                  launch({.engine = engine, .workers = 5, .carriers = 2, .timeout_s = 0.5},
                         [](Environment& environment) {
                           if (environment.rank() == 4) {
                             return;
                           }
                           environment.world().barrier("all");
                         });
                }),
                HasSubstr("worker 4 has returned, but worker"));
  }
}

TEST(SharedCarriers, FailWhenAWorkerKeepsItsTurn) {
  for (const Engine engine : {Engine::threads, Engine::processes}) {
    std::atomic<bool> is_first{true};
    EXPECT_THAT(test::error_of<WorkerFailure>([&] {
                  launch({.engine = engine, .workers = 3, .carriers = 1, .timeout_s = 0.3},
                         [&](Environment&) {
                           if (is_first.exchange(false)) {
                             compute(2);  // the others may not have had a turn yet
                           }
                         });
                }),
                AllOf(HasSubstr(" waited 0.3 s for its turn, while worker "),
                      HasSubstr(" of the same carrier computed. Raise --timeout if such waits are "
                                "expected.")));
    is_first = true;
    EXPECT_THAT(
        test::error_of<WorkerFailure>([&] {
          launch({.engine = engine, .workers = 2, .carriers = 1, .timeout_s = 0.3},
                 [&](Environment& environment) {
                   environment.world().barrier();
                   if (is_first.exchange(false)) {
                     compute(2);  // the other one is through the barrier
                   }
                 });
        }),
        AllOf(HasSubstr("[comm] worker "), HasSubstr(" waited 0.3 s for its turn, while worker ")));
  }
}

/// A worker that waits for its turn ends with the others: it does not wait for who computes.
TEST(SharedCarriers, FailAlsoWhereWorkersWaitForTheirTurn) {
  for (const bool at_once : {true, false}) {
    std::atomic<int> computing{0};
    std::atomic<int> got_turn{0};
    std::atomic<bool> is_first{true};
    EXPECT_THAT(test::error_of<WorkerFailure>([&] {
                  launch({.engine = Engine::threads, .workers = 3, .carriers = 2},
                         [&](Environment& environment) {  // workers 0 and 1 share a carrier
                           if (!at_once) {
                             environment.world().barrier();
                           }
                           if (environment.rank() == 2) {
                             while (computing == 0) {
                             }
                             throw Error("a bad sample");
                           }
                           if (is_first.exchange(false)) {
                             ++computing;
                             compute(1);
                           } else {
                             ++got_turn;
                           }
                         });
                }),
                HasSubstr("[launch] worker 2 failed: a bad sample"));
    EXPECT_EQ(computing, 1);
    EXPECT_EQ(got_turn, 0);
  }
}

TEST(SharedCarriers, AreNoMoreThanTheWorkers) {
  EXPECT_EQ(test::error_of<InvalidArgument>([] {
              launch({.engine = Engine::threads, .workers = 3, .carriers = 4}, [](Environment&) {});
            }),
            "[comm] carriers: expected 1 to 3, the number of workers, found 4. Use fewer carriers "
            "or more workers.");
}

}  // namespace
}  // namespace dga
