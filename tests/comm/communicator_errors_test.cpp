// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a single call is said by that call, before anybody is asked.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/launch/launch.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

/// The text of the InvalidArgument that `call` throws on the only worker of a world.
std::string error_alone(const std::function<void(const Communicator&)>& call) {
  std::string text;
  launch({.engine = Engine::threads, .workers = 1}, [&](Environment& environment) {
    text = test::error_of<InvalidArgument>([&] { call(environment.world()); });
  });
  return text;
}

TEST(CommunicatorErrors, NameTheOperationTheExpectedAndTheFound) {
  std::vector<float> data(10);
  const BufferView ten{data.data(), 10};
  EXPECT_EQ(
      error_alone([&](const auto& world) { world.broadcast(ten, 1); }),
      "[comm] broadcast: expected a root in [0, 1), found 1. Pass a rank of this communicator.");
  EXPECT_EQ(
      error_alone([&](const auto& world) { world.all_gather(ten, ten.slice(0, 9)); }),
      "[comm] all_gather: expected 10 elements in the output, found 9. Match the buffers to the "
      "counts.");
  EXPECT_EQ(
      error_alone([&](const auto& world) {
        world.reduce_scatter(ten, ten, ReduceOp::sum, {3, 7});
      }),
      "[comm] reduce_scatter: expected 1 counts, one per rank, found 2. Pass a count for each "
      "rank, or none.");
  EXPECT_EQ(error_alone(
                [&](const auto& world) { world.reduce_scatter(ten, ten, ReduceOp::max, {}, 0.5); }),
            "[comm] reduce_scatter: expected weight 1 for max of f32, found 0.5. Only sums of "
            "floating-point elements take another weight.");
  std::vector<double> doubles(10);
  EXPECT_EQ(
      error_alone([&](const auto& world) {
        world.all_gather(ten, BufferView{doubles.data(), 10});
      }),
      "[comm] all_gather: expected equal element types, found f32 in the input and f64 in the "
      "output. Use one type for both buffers.");
  EXPECT_EQ(error_alone([&](const auto& world) { world.send(ten, 3); }),
            "[comm] send: expected a rank in [0, 1), found 3. Pass a rank of this communicator.");
  EXPECT_EQ(error_alone([&](const auto& world) { world.receive(ten, 0, 40000); }),
            "[comm] receive: expected a tag in [0, 32767], found 40000. Choose another tag.");
  EXPECT_EQ(error_alone([&](const auto& world) { (void)world.allocate(-1); }),
            "[comm] allocate: expected 0 bytes or more, found -1. Pass the size in bytes.");
}

TEST(CommunicatorErrors, BuffersThatCannotBe) {
  float one = 0;
  EXPECT_EQ(error_alone([&](const auto& world) {
              world.all_reduce({&one, -1});
            }),
            "[comm] all_reduce: expected 0 to 288230376151711744 elements in the buffer, found -1. "
            "Pass the number of elements.");
  float* const nowhere = nullptr;
  EXPECT_EQ(error_alone([&](const auto& world) {
              world.broadcast({nowhere, 4}, 0);
            }),
            "[comm] broadcast: expected memory for 4 elements in the buffer, found a null pointer. "
            "Pass the address of the elements.");
  const std::vector<std::function<void(const Communicator&)>> calls = {
      [&](const Communicator& world) {
        (void)world.start_all_reduce({nowhere, 1});
      },
      [&](const Communicator& world) {
        world.reduce({nowhere, 1}, {&one, 1}, 0);
      },
      [&](const Communicator& world) {
        world.reduce({&one, 1}, {nowhere, 1}, 0);
      },
      [&](const Communicator& world) {
        world.reduce_scatter({nowhere, 1}, {&one, 1});
      },
      [&](const Communicator& world) {
        world.reduce_scatter({&one, 1}, {nowhere, 1});
      },
      [&](const Communicator& world) {
        world.all_gather({nowhere, 1}, {&one, 1});
      },
      [&](const Communicator& world) {
        world.all_gather({&one, 1}, {nowhere, 1});
      },
      [&](const Communicator& world) {
        world.gather({nowhere, 1}, {&one, 1}, 0);
      },
      [&](const Communicator& world) {
        world.gather({&one, 1}, {nowhere, 1}, 0);
      },
      [&](const Communicator& world) {
        world.scatter({nowhere, 1}, {&one, 1}, 0);
      },
      [&](const Communicator& world) {
        world.scatter({&one, 1}, {nowhere, 1}, 0);
      },
      [&](const Communicator& world) {
        world.all_to_all({nowhere, 1}, {&one, 1});
      },
      [&](const Communicator& world) {
        world.all_to_all({&one, 1}, {nowhere, 1});
      },
      [&](const Communicator& world) {
        world.share({nowhere, 1}, {});
      },
      [&](const Communicator& world) {
        world.send({nowhere, 1}, 0);
      },
      [&](const Communicator& world) {
        world.receive({nowhere, 1}, 0);
      },
  };
  for (const auto& call : calls) {
    EXPECT_NE(error_alone(call).find("found a null pointer"), std::string::npos);
  }
  EXPECT_EQ(error_alone([&](const auto& world) {
              world.all_gather({&one, 1}, {&one, 1}, {std::int64_t{1} << 62});
            }),
            "[comm] all_gather: expected counts of 0 to 1152921504606846976, found "
            "4611686018427387904. Pass the number of elements of each rank.");
  EXPECT_EQ(
      error_alone([&](const auto& world) { (void)world.split(-1, 0); }),
      "[comm] split: expected a color of 0 or more, found -1. Ranks that do not belong to any "
      "group form one with a color of their own.");
}

TEST(CommunicatorErrors, CountsThatDifferAreShown) {
  const auto differing = [](int workers) {
    return test::error_of<Error>([&] {
      launch({.engine = Engine::threads, .workers = workers}, [&](Environment& environment) {
        const Communicator& world = environment.world();
        std::vector<std::int64_t> counts(static_cast<std::size_t>(workers), 1);
        (world.rank() == 0 ? counts.front() : counts.back()) = 2;
        const std::int64_t mine = counts[static_cast<std::size_t>(world.rank())];
        std::vector<float> in(static_cast<std::size_t>(mine));
        std::vector<float> out(static_cast<std::size_t>(workers) + 1);
        world.all_gather({in.data(), mine}, {out.data(), workers + 1}, counts);
      });
    });
  };
  EXPECT_NE(differing(2).find("all_gather of 3 f32 (2, 1)"), std::string::npos) << differing(2);
  EXPECT_NE(differing(2).find("all_gather of 3 f32 (1, 2)"), std::string::npos) << differing(2);
  EXPECT_NE(differing(8).find("all_gather of 9 f32 (2, 1, 1, 1, 1, 1, …)"), std::string::npos)
      << differing(8);
}

}  // namespace
}  // namespace dga
