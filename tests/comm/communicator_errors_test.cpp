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
  EXPECT_EQ(error_alone([&](const auto& world) { world.broadcast(ten, 1); }),
            "[comm] broadcast: expected a root in [0, 1), found 1.");
  EXPECT_EQ(error_alone([&](const auto& world) { world.all_gather(ten, ten.slice(0, 9)); }),
            "[comm] all_gather: expected 10 elements out, found 9.");
  EXPECT_EQ(error_alone([&](const auto& world) {
              world.reduce_scatter(ten, ten, ReduceOp::sum, {3, 7});
            }),
            "[comm] reduce_scatter: expected 1 counts, one a rank, found 2.");
  EXPECT_EQ(error_alone(
                [&](const auto& world) { world.reduce_scatter(ten, ten, ReduceOp::max, {}, 0.5); }),
            "[comm] reduce_scatter: a weight needs a floating-point sum, found max of f32.");
  std::vector<double> doubles(10);
  EXPECT_EQ(error_alone([&](const auto& world) {
              world.all_gather(ten, BufferView{doubles.data(), 10});
            }),
            "[comm] all_gather: expected equal types, found f32 in and f64 out.");
  EXPECT_EQ(error_alone([&](const auto& world) { world.send(ten, 3); }),
            "[comm] send: expected a rank in [0, 1), found 3.");
  EXPECT_EQ(error_alone([&](const auto& world) { world.receive(ten, 0, 40000); }),
            "[comm] receive: expected a tag in [0, 32767], found 40000.");
  EXPECT_EQ(error_alone([&](const auto& world) { (void)world.allocate(-1); }),
            "[comm] allocate: expected 0 bytes or more, found -1.");
}

TEST(CommunicatorErrors, TooManyOperationsUnderWayAreRefused) {
  std::vector<float> data(64);
  EXPECT_EQ(error_alone([&](const auto& world) {
              std::vector<Pending> pending;
              for (std::int64_t i = 0; i < 64; ++i) {
                pending.push_back(world.start_all_reduce({data.data() + i, 1}));
              }
            }),
            "[comm] all_reduce of 1 f32: expected at most 63 operations under way, found as many. "
            "Wait for earlier ones first.");
}

}  // namespace
}  // namespace dga
