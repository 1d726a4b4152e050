// SPDX-License-Identifier: Apache-2.0
//
// Every operation that moves data without changing it, on every engine.

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "tests/support/engine_suite.h"

namespace dga {
namespace {

std::int64_t mark(int rank, std::int64_t i) {
  return 100000 * (rank + 1) + i;
}

std::vector<std::int64_t> marks(int rank, std::int64_t count) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    values[static_cast<std::size_t>(i)] = mark(rank, i);
  }
  return values;
}

std::vector<std::int64_t> uneven(int size, std::int64_t scale) {
  std::vector<std::int64_t> counts;
  for (int rank = 0; rank < size; ++rank) {
    counts.push_back(rank % 4 == 2 ? 0 : scale * (1 + rank % 5));
  }
  return counts;
}

template <typename T>
std::int64_t size_of_vector(const std::vector<T>& values) {
  return static_cast<std::int64_t>(values.size());
}

DGA_ENGINE_TEST(Barrier, NobodyLeavesBeforeEverybodyCame) {
  const Communicator& world = environment.world();
  const SharedBuffer flags = world.allocate(8);
  for (std::int64_t round = 1; round <= 20; ++round) {
    *flags.as<std::int64_t>() = round;
    world.barrier("round");
    const auto node_of = world.placement().node_of;
    const auto here =
        std::count(node_of.begin(), node_of.end(), node_of[static_cast<std::size_t>(world.rank())]);
    for (int local = 0; local < here; ++local) {
      ASSERT_GE(*reinterpret_cast<std::int64_t*>(flags.neighbour(local)), round);
    }
    world.barrier("looked");
  }
}

DGA_ENGINE_TEST(Broadcast, FromEveryRootInEverySize) {
  const Communicator& world = environment.world();
  for (const std::int64_t count : {1, 511, 513, 40000}) {
    for (int root = 0; root<world.size(); root += world.size()> 4 ? 5 : 1) {
      auto values = world.rank() == root
                        ? marks(root, count)
                        : std::vector<std::int64_t>(static_cast<std::size_t>(count), -1);
      world.broadcast({values.data(), count}, root, "weights");
      ASSERT_EQ(values, marks(root, count));
    }
  }
}

DGA_ENGINE_TEST(AllGather, EqualAndUnevenAndEmptyContributions) {
  const Communicator& world = environment.world();
  for (const std::int64_t scale : {1, 300}) {
    const auto counts = uneven(world.size(), scale);
    const auto in = marks(world.rank(), counts[static_cast<std::size_t>(world.rank())]);
    std::vector<std::int64_t> expected;
    for (int rank = 0; rank < world.size(); ++rank) {
      const auto part = marks(rank, counts[static_cast<std::size_t>(rank)]);
      expected.insert(expected.end(), part.begin(), part.end());
    }
    std::vector<std::int64_t> out(expected.size(), -1);
    world.all_gather({in.data(), size_of_vector(in)}, {out.data(), size_of_vector(out)}, counts);
    ASSERT_EQ(out, expected);

    std::vector<std::int64_t> rooted(expected.size(), -1);
    const int root = world.size() - 1;
    world.gather({in.data(), size_of_vector(in)}, {rooted.data(), size_of_vector(rooted)}, root,
                 counts);
    ASSERT_EQ(rooted,
              world.rank() == root ? expected : std::vector<std::int64_t>(expected.size(), -1));
  }
  const std::int64_t one = world.rank();
  std::vector<std::int64_t> all(static_cast<std::size_t>(world.size()));
  auto pending = world.start_all_gather({&one, 1}, {all.data(), world.size()});
  pending.wait();
  std::vector<std::int64_t> expected(all.size());
  std::iota(expected.begin(), expected.end(), 0);
  ASSERT_EQ(all, expected);
}

DGA_ENGINE_TEST(Scatter, EveryRankReceivesItsPart) {
  const Communicator& world = environment.world();
  for (const std::int64_t scale : {2, 400}) {
    const auto counts = uneven(world.size(), scale);
    const auto total = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
    const auto before =
        std::accumulate(counts.begin(), counts.begin() + world.rank(), std::int64_t{0});
    const int root = world.size() / 2;
    const auto in = marks(root, world.rank() == root ? total : 0);
    std::vector<std::int64_t> out(
        static_cast<std::size_t>(counts[static_cast<std::size_t>(world.rank())]));
    world.scatter({in.data(), size_of_vector(in)}, {out.data(), size_of_vector(out)}, root, counts);
    for (std::size_t i = 0; i < out.size(); ++i) {
      ASSERT_EQ(out[i], mark(root, before + static_cast<std::int64_t>(i)));
    }
  }
}

DGA_ENGINE_TEST(AllToAll, EveryPairExchangesItsOwnCount) {
  const Communicator& world = environment.world();
  const int n = world.size();
  const auto count = [](int from, int to, std::int64_t scale) {
    return (from + 2 * to) % 3 * scale;
  };
  for (const std::int64_t scale : {1, 120}) {
    std::vector<std::int64_t> sends;
    std::vector<std::int64_t> receives;
    std::vector<std::int64_t> in;
    std::vector<std::int64_t> expected;
    for (int other = 0; other < n; ++other) {
      sends.push_back(count(world.rank(), other, scale));
      receives.push_back(count(other, world.rank(), scale));
      for (std::int64_t i = 0; i < sends.back(); ++i) {
        in.push_back(mark(world.rank(), other * 1000 + i));
      }
      for (std::int64_t i = 0; i < receives.back(); ++i) {
        expected.push_back(mark(other, world.rank() * 1000 + i));
      }
    }
    std::vector<std::int64_t> out(expected.size());
    world.all_to_all({in.data(), size_of_vector(in)}, {out.data(), size_of_vector(out)}, sends,
                     receives);
    ASSERT_EQ(out, expected);
  }
}

/// Runs each operation with an input that lies in the memory of its output, or the other way round,
/// `shift` elements off its own place.
void move_within_one_buffer(const Communicator& world, std::int64_t n, std::int64_t shift) {
  const std::int64_t size = world.size();
  const std::int64_t me = world.rank();
  std::vector<std::int64_t> memory(static_cast<std::size_t>(n * size + shift));
  const BufferView long_one{memory.data(), n * size};
  const auto fill = [&](std::int64_t first, std::int64_t count, std::int64_t rank) {
    for (std::int64_t i = 0; i < count; ++i) {
      memory[static_cast<std::size_t>(first + i)] = mark(static_cast<int>(rank), i);
    }
  };
  const auto expect = [&](std::int64_t first, std::int64_t i, std::int64_t expected) {
    ASSERT_EQ(memory[static_cast<std::size_t>(first + i)], expected);
  };
  const int root = world.size() - 1;

  fill(0, n * size, me);
  const BufferView shifted{memory.data() + shift, n * size};
  world.all_to_all(long_one, shifted);
  for (std::int64_t i = 0; i < n * size; ++i) {
    expect(shift, i, mark(static_cast<int>(i / n), me * n + i % n));
  }
  fill(0, n * size, me);
  world.scatter(long_one, {memory.data() + shift, n}, root);
  for (std::int64_t i = 0; i < n; ++i) {
    expect(shift, i, mark(root, me * n + i));
  }
  fill(shift, n, me);
  world.all_gather({memory.data() + shift, n}, long_one);
  for (std::int64_t i = 0; i < n * size; ++i) {
    expect(0, i, mark(static_cast<int>(i / n), i % n));
  }
  fill(shift, n, me);
  world.gather({memory.data() + shift, n}, long_one, root);
  for (std::int64_t i = 0; me == root && i < n * size; ++i) {
    expect(0, i, mark(static_cast<int>(i / n), i % n));
  }
}

DGA_ENGINE_TEST(Overlap, InputAndOutputMayShareMemory) {
  for (const std::int64_t n : {4, 20000}) {
    for (const std::int64_t shift : {std::int64_t{0}, std::int64_t{1}, n}) {
      for (int turn = 0; turn < 3; ++turn) {
        move_within_one_buffer(environment.world(), n, shift);
      }
    }
  }
}

DGA_ENGINE_TEST(Share, SlicesWrittenByTheirOwnersAreSeenByAll) {
  const Communicator& world = environment.world();
  const auto counts = uneven(world.size(), 50);
  const auto total = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  const auto first =
      std::accumulate(counts.begin(), counts.begin() + world.rank(), std::int64_t{0});
  const SharedBuffer buffer = world.allocate_on_node(total * 8);
  for (std::int64_t round = 0; round < 5; ++round) {
    for (std::int64_t i = 0; i < counts[static_cast<std::size_t>(world.rank())]; ++i) {
      buffer.as<std::int64_t>()[first + i] = mark(world.rank(), i) + round;
    }
    world.share(buffer.view<std::int64_t>(), counts, "parameters");
    std::int64_t at = 0;
    for (int rank = 0; rank < world.size(); ++rank) {
      for (std::int64_t i = 0; i < counts[static_cast<std::size_t>(rank)]; ++i) {
        ASSERT_EQ(buffer.as<std::int64_t>()[at++], mark(rank, i) + round);
      }
    }
    world.barrier("read");
  }
}

DGA_ENGINE_TEST(Mixed, OperationsOfDifferentKindsFollowEachOtherForLong) {
  // Far more operations than may be under way, so that every kind comes after every other in the
  // same place of the memory in which they meet.
  const Communicator& world = environment.world();
  for (std::int32_t k = 0; k < 400; ++k) {
    std::int32_t value = world.rank() == k % world.size() ? k : -1;
    world.broadcast({&value, 1}, k % world.size());
    ASSERT_EQ(value, k);
    if (k % 3 == 0) {
      world.all_reduce({&value, 1}, ReduceOp::max);
      ASSERT_EQ(value, k);
    }
    if (k % 5 == 0) {
      world.barrier();
    }
    if (k % 7 == 0) {
      std::vector<std::int32_t> all(static_cast<std::size_t>(world.size()));
      world.all_gather({&value, 1}, {all.data(), world.size()});
      ASSERT_EQ(all.back(), k);
    }
  }
}

DGA_ENGINE_TEST(Messages, PassAroundARingInAnySize) {
  const Communicator& world = environment.world();
  const int next = (world.rank() + 1) % world.size();
  const int previous = (world.rank() + world.size() - 1) % world.size();
  for (const std::int64_t count : {0, 1, 1000, 50000}) {  // 400 kB: several rings full
    const auto out = marks(world.rank(), count);
    std::vector<std::int64_t> in(out.size());
    auto sending = world.start_send({out.data(), count}, next, 5);
    auto receiving = world.start_receive({in.data(), count}, previous, 5);
    receiving.wait();
    sending.wait();
    ASSERT_EQ(in, marks(previous, count));
  }
}

DGA_ENGINE_TEST(Messages, TagsAreMatchedOutOfOrder) {
  const Communicator& world = environment.world();
  if (world.size() == 1) {
    return;  // nobody to talk to
  }
  const int partner = world.rank() ^ 1;
  if (partner >= world.size()) {
    return;
  }
  if (world.rank() % 2 == 0) {
    for (int tag = 0; tag < 4; ++tag) {
      const std::int64_t value = mark(world.rank(), tag);
      world.send({&value, 1}, partner, tag);
    }
  } else {
    for (int tag = 3; tag >= 0; --tag) {
      std::int64_t value = 0;
      world.receive({&value, 1}, partner, tag);
      ASSERT_EQ(value, mark(partner, tag));
    }
  }
}

DGA_ENGINE_TEST(Split, GroupsTalkAmongThemselves) {
  const Communicator& world = environment.world();
  const int color = world.rank() % 2;
  // Reversed on purpose: the new numbers run against the old ones.
  const Communicator half = world.split(color, -world.rank());
  std::vector<std::int32_t> members(static_cast<std::size_t>(half.size()));
  const std::int32_t me = world.rank();
  half.all_gather({&me, 1}, {members.data(), half.size()});
  for (std::size_t i = 0; i < members.size(); ++i) {
    ASSERT_EQ(members[i] % 2, color);
    ASSERT_TRUE(i == 0 || members[i] < members[i - 1]);
  }
  std::vector<float> values(3000, 1.0F);
  half.all_reduce({values.data(), 3000});
  ASSERT_EQ(values[2999], static_cast<float>(half.size()));
  const Communicator alone = half.split(half.rank(), 0);
  ASSERT_EQ(alone.size(), 1);
  world.barrier();
}

DGA_ENGINE_TEST(Split, MemoryThatAGroupLeftBehindIsNotTakenForSharedMemory) {
  // What a group used to copy private memory must not lie where later private memory comes to lie:
  // neighbours would write into the old place.
  const Communicator& world = environment.world();
  for (std::int32_t round = 0; round < 20; ++round) {
    {
      const Communicator group = world.split(0, world.rank());
      std::vector<std::int32_t> values(100000, world.rank());
      group.all_reduce({values.data(), 100000}, ReduceOp::max);
      ASSERT_EQ(values.back(), world.size() - 1);
    }
    std::vector<std::int32_t> fresh(100000, world.rank() + round);
    world.all_reduce({fresh.data(), 100000}, ReduceOp::sum);
    const std::int32_t n = world.size();
    ASSERT_EQ(fresh.front(), n * round + n * (n - 1) / 2);
    ASSERT_EQ(fresh.back(), n * round + n * (n - 1) / 2);
    std::int32_t small = world.rank() + round;
    world.all_reduce({&small, 1}, ReduceOp::sum);
    ASSERT_EQ(small, n * round + n * (n - 1) / 2);
  }
}

DGA_ENGINE_TEST(Mesh, GroupsFollowTheAxes) {
  EXPECT_EQ(environment.group(Axis::data).size(), environment.workers());
  EXPECT_EQ(environment.group(Axis::pipeline).size(), 1);
  std::int32_t sum = 1;
  environment.group(Axis::data).all_reduce({&sum, 1});
  EXPECT_EQ(sum, environment.workers());
}

DGA_ENGINE_TEST(Placement, WorkersOfANodeAreNeighbours) {
  const auto placement = environment.world().placement();
  ASSERT_EQ(placement.num_workers(), environment.workers());
  EXPECT_TRUE(std::is_sorted(placement.node_of.begin(), placement.node_of.end()));
  if (environment.options().ranks_per_node > 0) {
    for (int node = 0; node < placement.num_nodes(); ++node) {
      EXPECT_LE(static_cast<int>(placement.workers_of(node).size()),
                environment.options().ranks_per_node);
    }
  }
}

DGA_ENGINE_TEST(Messages, AreReceivedFromWhicheverWorkerSends) {
  const Communicator& world = environment.world();
  for (const std::int64_t count : {std::int64_t{1}, std::int64_t{100000}}) {
    world.barrier("next size");
    std::vector<std::int32_t> data(static_cast<std::size_t>(count), world.rank());
    if (!environment.is_root()) {
      const std::int32_t other_tag = -1;
      world.send({&other_tag, 1}, 0, 6);  // in the way of what is asked for
      world.send({data.data(), count}, 0, 5);
      continue;
    }
    std::vector<int> senders;
    for (int i = 1; i < world.size(); ++i) {
      const int sender = world.receive_any({data.data(), count}, 5);
      senders.push_back(sender);
      EXPECT_THAT(data, testing::Each(sender));
    }
    std::sort(senders.begin(), senders.end());
    for (int i = 1; i < world.size(); ++i) {
      EXPECT_EQ(senders[static_cast<std::size_t>(i) - 1], i);
      std::int32_t other = 0;
      world.receive({&other, 1}, i, 6);
      EXPECT_EQ(other, -1);
    }
  }
}

}  // namespace
}  // namespace dga
