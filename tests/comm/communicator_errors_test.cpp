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

TEST(CommunicatorErrors, TooManyOperationsUnderWayAreRefused) {
  std::vector<float> data(64);
  EXPECT_EQ(error_alone([&](const auto& world) {
              std::vector<Pending> pending;
              for (std::int64_t i = 0; i < 64; ++i) {
                pending.push_back(world.start_all_reduce({data.data() + i, 1}));
              }
            }),
            "[comm] all_reduce of 1 f32: expected at most 63 operations in progress, found 64 with "
            "this one. Wait for earlier ones first.");
}

}  // namespace
}  // namespace dga
