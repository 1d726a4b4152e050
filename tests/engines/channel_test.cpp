// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/channel.h"

#include <numeric>
#include <vector>

#include "dga/base/error.h"
#include "tests/support/engine_suite.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

DGA_ENGINE_TEST(Channel, MessagesOfAnySizeArriveInOrderUntilItIsClosed) {
  const Communicator& world = environment.world();
  if (world.size() < 2) {
    return;  // a channel has two ends
  }
  const int last = world.size() - 1;
  Channel<double> channel(world, {.from = 0, .to = last, .capacity = 3, .max_count = 2000});
  constexpr int kMessages = 40;
  const auto message = [](int k) {
    std::vector<double> values(static_cast<std::size_t>(k * 50));  // the first one is empty
    std::iota(values.begin(), values.end(), k);
    return values;
  };
  if (world.rank() == 0) {
    for (int k = 0; k < kMessages; ++k) {
      channel.push(message(k));
    }
    channel.close();
  } else if (world.rank() == last) {
    int k = 0;
    while (const auto received = channel.pop()) {
      ASSERT_EQ(*received, message(k++));
    }
    ASSERT_EQ(k, kMessages);
  }
  world.barrier();
}

DGA_ENGINE_TEST(Channel, TheSenderRunsAheadByItsCapacityAndNoFurther) {
  const Communicator& world = environment.world();
  if (world.size() < 2) {
    return;
  }
  // One channel each way: if push blocked below its capacity, both would wait for ever.
  Channel<int> there(world, {.from = 0, .to = 1, .capacity = 4, .max_count = 10000});
  Channel<int> back(world, {.from = 1, .to = 0, .capacity = 4, .max_count = 10000});
  const std::vector<int> data(10000, world.rank());
  if (world.rank() < 2) {
    Channel<int>& out = world.rank() == 0 ? there : back;
    Channel<int>& in = world.rank() == 0 ? back : there;
    for (int k = 0; k < 4; ++k) {
      out.push(data);
    }
    for (int k = 0; k < 4; ++k) {
      ASSERT_EQ(in.pop()->front(), 1 - world.rank());
    }
    out.close();
    ASSERT_FALSE(in.pop().has_value());
  }
  world.barrier();
}

DGA_ENGINE_TEST(Channel, AMessageBeyondItsBoundIsRefused) {
  const Communicator& world = environment.world();
  if (world.size() < 2) {
    return;
  }
  Channel<float> channel(world, {.from = 0, .to = 1, .capacity = 1, .max_count = 2});
  if (world.rank() == 0) {
    EXPECT_EQ(test::error_of<InvalidArgument>([&] { channel.push(std::vector<float>(3)); }),
              "[comm] channel: expected messages of at most 8 bytes, found 12. Raise max_count.");
  }
  world.barrier();
}

DGA_ENGINE_TEST(Channel, CallsThatAnEndMayNotMakeAreRefused) {
  const Communicator& world = environment.world();
  if (world.size() < 2) {
    return;
  }
  Channel<float> channel(world, {.from = 0, .to = 1, .capacity = 2, .max_count = 2});
  const std::vector<float> message(2);
  if (world.rank() == 0) {
    EXPECT_EQ(test::error_of<InvalidArgument>([&] { channel.pop(); }),
              "[comm] channel: expected pop by the receiver, rank 1, found it by rank 0. Open "
              "another channel for messages to this rank.");
    channel.push(message);
    channel.close();
    EXPECT_EQ(test::error_of<InvalidArgument>([&] { channel.push(message); }),
              "[comm] channel: expected push before close, found it afterwards. Close the channel "
              "after the last message.");
    EXPECT_NE(test::error_of<InvalidArgument>([&] { channel.close(); }), "");
  } else {
    EXPECT_EQ(test::error_of<InvalidArgument>([&] { channel.push(message); }),
              str("[comm] channel: expected push by the sender, rank 0, found it by rank ",
                  world.rank(), ". Open another channel for messages of this rank."));
  }
  if (world.rank() == 1) {
    EXPECT_EQ(channel.pop(), message);
    EXPECT_EQ(channel.pop(), std::nullopt);
    EXPECT_EQ(channel.pop(), std::nullopt) << "the end of the stream stays its end";
  }
  world.barrier();
}

}  // namespace
}  // namespace dga
