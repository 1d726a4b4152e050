// SPDX-License-Identifier: Apache-2.0
//
// Every reduction on every engine against the definition of the fixed tree.

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "dga/base/random.h"
#include "tests/support/engine_suite.h"
#include "tests/support/error_of.h"
#include "tests/support/reference_tree.h"

namespace dga {
namespace {

// Every worker can compute what every other contributes.
template <typename T>
T value_of(int rank, std::int64_t i) {
  RandomStream stream(stream_key(7, "contribution", rank, i));
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>((stream.uniform() - 0.5) *
                          std::exp2(static_cast<double>(stream.below(12))));
  } else {
    return static_cast<T>(1 + stream.below(3));
  }
}

template <typename T>
std::vector<T> contribution(int rank, std::int64_t count) {
  std::vector<T> values(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    values[static_cast<std::size_t>(i)] = value_of<T>(rank, i);
  }
  return values;
}

template <typename T>
T combine(ReduceOp op, T a, T b) {
  switch (op) {
    case ReduceOp::sum:
    case ReduceOp::mean:
      return static_cast<T>(a + b);
    case ReduceOp::product:
      return static_cast<T>(a * b);
    case ReduceOp::min:
      return a < b ? a : b;
    case ReduceOp::max:
      break;
  }
  return a > b ? a : b;
}

template <typename T>
T expected(ReduceOp op, int workers, std::int64_t i) {
  std::vector<T> leaves;
  for (int rank = 0; rank < workers; ++rank) {
    const T value = value_of<T>(rank, i);
    leaves.push_back(op == ReduceOp::mean ? static_cast<T>(value * static_cast<T>(1.0 / workers))
                                          : value);
  }
  return test::reference_tree(leaves, [op](T a, T b) { return combine(op, a, b); });
}

// Sizes below and above what travels inline, and one that cuts into uneven slices.
constexpr std::int64_t kCounts[] = {1, 100, 5003};

template <typename T>
void check_all_reduce(Environment& environment, ReduceOp op) {
  const Communicator& world = environment.world();
  for (const std::int64_t count : kCounts) {
    auto values = contribution<T>(world.rank(), count);
    world.all_reduce({values.data(), count}, op, "values");
    for (std::int64_t i = 0; i<count; i += count> 1000 ? 97 : 1) {
      ASSERT_EQ(values[static_cast<std::size_t>(i)], expected<T>(op, world.size(), i))
          << name_of(op) << " of " << name_of(dtype_of<T>()) << ", element " << i << " of " << count
          << " on worker " << world.rank();
    }
  }
}

DGA_ENGINE_TEST(AllReduce, SumsFollowTheFixedTreeInEveryType) {
  check_all_reduce<float>(environment, ReduceOp::sum);
  check_all_reduce<double>(environment, ReduceOp::sum);
  check_all_reduce<std::int32_t>(environment, ReduceOp::sum);
  check_all_reduce<std::int64_t>(environment, ReduceOp::sum);
  check_all_reduce<std::uint8_t>(environment, ReduceOp::sum);
}

DGA_ENGINE_TEST(AllReduce, MinMaxAndProductToo) {
  for (const auto op : {ReduceOp::min, ReduceOp::max, ReduceOp::product}) {
    check_all_reduce<float>(environment, op);
    check_all_reduce<std::int64_t>(environment, op);
  }
}

DGA_ENGINE_TEST(AllReduce, SignedBytesAndBoolsToo) {
  check_all_reduce<std::int8_t>(environment, ReduceOp::sum);
  check_all_reduce<std::int8_t>(environment, ReduceOp::min);
  const Communicator& world = environment.world();
  const int last = world.size() - 1;
  for (const auto op : {ReduceOp::sum, ReduceOp::max, ReduceOp::product, ReduceOp::min}) {
    // Elements: true on the last worker only, on all workers, on none.
    std::array<bool, 3> values{world.rank() == last, true, false};
    world.all_reduce({values.data(), 3}, op);
    const bool any = op == ReduceOp::sum || op == ReduceOp::max;
    EXPECT_EQ(values[0], any || last == 0);
    EXPECT_TRUE(values[1]);
    EXPECT_FALSE(values[2]);
  }
}

DGA_ENGINE_TEST(AllReduce, MeansAreSumsOfWeightedElements) {
  check_all_reduce<float>(environment, ReduceOp::mean);
  check_all_reduce<double>(environment, ReduceOp::mean);
  std::int64_t whole = 1;
  EXPECT_EQ(test::error_of<InvalidArgument>([&] {
              environment.world().all_reduce({&whole, 1}, ReduceOp::mean);
            }),
            "[comm] all_reduce: expected floating-point elements for a mean, found i64. Use "
            "ReduceOp::sum and divide.");
}

DGA_ENGINE_TEST(AllReduce, AnyNumberMayBeInProgress) {
  const Communicator& world = environment.world();
  std::vector<std::int64_t> values(200, world.rank() + 1);
  std::int64_t kept = 1;
  Pending first = world.start_all_reduce({&kept, 1}, ReduceOp::sum, "kept");
  std::vector<Pending> pending;
  for (std::int64_t& value : values) {
    pending.push_back(world.start_all_reduce({&value, 1}, ReduceOp::sum, "many"));
  }
  for (int i = 0; i < 100; ++i) {
    world.barrier("meanwhile");
  }
  for (Pending& one : pending) {
    one.wait();
  }
  first.wait();
  const std::int64_t n = world.size();
  EXPECT_EQ(kept, n);
  EXPECT_THAT(values, testing::Each(n * (n + 1) / 2));
}

DGA_ENGINE_TEST(AllReduce, HalvesAreCarriedInFloatBetweenAnyWorkers) {
  // 1 is lost against 256 in bf16, but n - 1 ones are not lost in f32 sums.
  const Communicator& world = environment.world();
  const float total = 256.0F + static_cast<float>(world.size() - 1);
  for (const std::int64_t count : kCounts) {
    std::vector<BFloat16> values(
        static_cast<std::size_t>(count),
        BFloat16{world.rank() == 0 ? std::uint16_t{0x4380} : std::uint16_t{0x3f80}});
    world.all_reduce({values.data(), count});
    float result = 0;
    const std::uint32_t bits = static_cast<std::uint32_t>(values.back().bits) << 16;
    std::memcpy(&result, &bits, 4);
    EXPECT_LE(std::abs(result - total), 1.0F) << "one unit in the last place of bf16 is 2";
  }
}

DGA_ENGINE_TEST(AllReduce, ALongMessageIsCutAndComesOutWhole) {
  const Communicator& world = environment.world();
  const std::int64_t count = (std::int64_t{3} << 20) / 4 + 11;
  const SharedBuffer buffer = world.allocate(count * 4);
  for (std::int64_t i = 0; i < count; ++i) {
    buffer.as<float>()[i] = static_cast<float>((i + world.rank()) % 1000);
  }
  world.all_reduce(buffer.view<float>());
  for (std::int64_t i = 0; i < count; i += 1009) {
    float sum = 0;
    for (int rank = 0; rank < world.size(); ++rank) {
      sum += static_cast<float>((i + rank) % 1000);
    }
    ASSERT_EQ(buffer.as<float>()[i], sum) << i;  // small integers: any order is exact
  }
}

DGA_ENGINE_TEST(Reduce, OnlyTheRootReceives) {
  const Communicator& world = environment.world();
  for (const std::int64_t count : kCounts) {
    for (int root = 0; root < world.size(); root += 3) {
      const auto in = contribution<float>(world.rank(), count);
      std::vector<float> out(in.size(), -1.0F);
      world.reduce({in.data(), count}, {out.data(), count}, root, ReduceOp::sum, "reduce");
      for (std::int64_t i = 0; i<count; i += count> 1000 ? 97 : 1) {
        ASSERT_EQ(out[static_cast<std::size_t>(i)],
                  world.rank() == root ? expected<float>(ReduceOp::sum, world.size(), i) : -1.0F);
      }
    }
  }
}

DGA_ENGINE_TEST(ReduceScatter, EqualPartsByDefault) {
  const Communicator& world = environment.world();
  for (const std::int64_t each : {1, 700}) {
    const auto in = contribution<double>(world.rank(), each * world.size());
    std::vector<double> out(static_cast<std::size_t>(each));
    world.reduce_scatter({in.data(), each * world.size()}, {out.data(), each});
    for (std::int64_t i = 0; i < each; ++i) {
      ASSERT_EQ(out[static_cast<std::size_t>(i)],
                expected<double>(ReduceOp::sum, world.size(), world.rank() * each + i));
    }
  }
}

DGA_ENGINE_TEST(ReduceScatter, UnevenAndEmptyPartsWithWeights) {
  const Communicator& world = environment.world();
  std::vector<std::int64_t> counts;
  std::int64_t total = 0;
  std::int64_t first = 0;
  for (int rank = 0; rank < world.size(); ++rank) {
    counts.push_back(rank % 3 == 1 ? 0 : 500 + 13 * rank);
    first += rank < world.rank() ? counts.back() : 0;
    total += counts.back();
  }
  const auto in = contribution<float>(world.rank(), total);
  std::vector<float> out(static_cast<std::size_t>(counts[static_cast<std::size_t>(world.rank())]));
  const auto count = static_cast<std::int64_t>(out.size());
  world.reduce_scatter({in.data(), total}, {out.data(), count}, ReduceOp::sum, counts,
                       1.0 / (world.rank() + 2), "weighted");
  for (std::int64_t i = 0; i < count; i += 7) {
    std::vector<float> leaves;
    for (int rank = 0; rank < world.size(); ++rank) {
      leaves.push_back(value_of<float>(rank, first + i) * static_cast<float>(1.0 / (rank + 2)));
    }
    ASSERT_EQ(out[static_cast<std::size_t>(i)],
              test::reference_tree(leaves, [](float a, float b) { return a + b; }));
  }
}

DGA_ENGINE_TEST(Started, OperationsOverlapAndFinishInAnyOrderOfWaiting) {
  const Communicator& world = environment.world();
  std::vector<SharedBuffer> buffers;
  std::vector<Pending> pending;
  for (int k = 0; k < 5; ++k) {
    buffers.push_back(world.allocate(4000 * 4));
    for (std::int64_t i = 0; i < 4000; ++i) {
      buffers.back().as<float>()[i] = value_of<float>(world.rank(), i + k);
    }
  }
  for (int k = 0; k < 5; ++k) {
    pending.push_back(world.start_all_reduce(buffers[static_cast<std::size_t>(k)].view<float>(),
                                             ReduceOp::sum, "overlap"));
    world.progress();
  }
  for (auto it = pending.rbegin(); it != pending.rend(); ++it) {
    it->wait();
    it->wait();
  }
  for (std::size_t k = 0; k < 5; ++k) {
    for (std::int64_t i = 0; i < 4000; i += 333) {
      ASSERT_EQ(buffers[k].as<float>()[i],
                expected<float>(ReduceOp::sum, world.size(), i + static_cast<std::int64_t>(k)));
    }
  }
}

DGA_ENGINE_TEST(Started, ManyOperationsInARowReuseTheirSlots) {
  const Communicator& world = environment.world();
  for (std::int32_t k = 0; k < 300; ++k) {
    std::int32_t value = k + world.rank();
    world.all_reduce({&value, 1}, ReduceOp::max);
    ASSERT_EQ(value, k + world.size() - 1);
  }
}

DGA_ENGINE_TEST(Overlap, ReductionsMayReadAndWriteTheSameMemory) {
  const Communicator& world = environment.world();
  const std::int64_t size = world.size();
  const std::int64_t ranks = size * (size + 1) / 2;
  const auto total = [&](std::int64_t i) { return static_cast<float>(ranks * i); };
  for (const std::int64_t n : {4, 20000}) {
    for (const std::int64_t shift : {std::int64_t{0}, std::int64_t{1}, n}) {
      std::vector<float> memory(static_cast<std::size_t>(n * size + shift));
      const auto fill = [&] {
        for (std::int64_t i = 0; i < n * size; ++i) {
          memory[static_cast<std::size_t>(i)] = static_cast<float>((world.rank() + 1) * (i % 64));
        }
      };
      fill();
      world.reduce_scatter({memory.data(), n * size}, {memory.data() + shift, n});
      for (std::int64_t i = 0; i < n; ++i) {
        ASSERT_EQ(memory[static_cast<std::size_t>(shift + i)], total((world.rank() * n + i) % 64));
      }
      fill();
      world.reduce({memory.data(), n * size}, {memory.data() + shift, n * size}, 0);
      for (std::int64_t i = 0; world.rank() == 0 && i < n * size; ++i) {
        ASSERT_EQ(memory[static_cast<std::size_t>(shift + i)], total(i % 64));
      }
    }
  }
}

}  // namespace
}  // namespace dga
