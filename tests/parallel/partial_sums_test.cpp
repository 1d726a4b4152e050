// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/partial_sums.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "dga/base/random.h"
#include "dga/comm/collectives/tree_reduce.h"

namespace dga {
namespace {

constexpr std::int64_t kCount = 40;  // elements of each parameter

std::vector<ParameterSpec> two_types() {
  return {{.name = "wide", .shape = {kCount}, .type = DType::f64},
          {.name = "narrow", .shape = {kCount}, .type = DType::bf16}};
}

/// A flat gradient buffer.
std::vector<std::byte> gradients_of(const ParameterLayout& layout, int worker) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(layout.bytes()));
  RandomStream stream(stream_key(3, "gradients", worker));
  for (const Bucket& bucket : layout.buckets()) {
    for (std::int64_t i = 0; i < kCount; ++i) {
      std::byte* at = bytes.data() + bucket.first_byte + i * size_of(bucket.type);
      const double value = stream.uniform() * 2 - 1;
      if (bucket.type == DType::f64) {
        std::memcpy(at, &value, sizeof(value));
      } else {
        const auto half = static_cast<std::uint16_t>(0x3f00 + stream.below(0x100));
        std::memcpy(at, &half, sizeof(half));
      }
    }
  }
  return bytes;
}

double weight_of(int worker) {
  return 1.0 / (worker + 3);
}

TEST(PartialSums, AreThoseOfTheFixedTreeForEveryNodeOfTheCover) {
  for (const auto& [workers, carriers] :
       {std::pair(30, 1), {30, 2}, {30, 7}, {29, 4}, {13, 3}, {8, 2}, {2, 1}, {5, 4}}) {
    const WorkerBlocks blocks(workers, carriers);
    const ParameterLayout layout(two_types(), blocks);
    for (int carrier = 0; carrier < carriers; ++carrier) {
      PartialSums sums(layout, carrier);
      std::vector<std::byte> memory(static_cast<std::size_t>(sums.bytes()));
      sums.place_at(memory.data());
      std::vector<std::vector<std::byte>> gradients;
      for (int worker = 0; worker < workers; ++worker) {
        gradients.push_back(gradients_of(layout, worker));
      }
      for (const int round : {0, 1}) {  // the second must not see anything of the first
        const WorkerBlock block = blocks.of(carrier);
        for (int worker = block.first; worker < block.end(); ++worker) {
          sums.add(gradients[static_cast<std::size_t>(worker)].data(), weight_of(worker));
        }
        for (int number = 0; number < 2; ++number) {
          const Bucket& bucket = layout.buckets()[static_cast<std::size_t>(number)];
          const ConstBufferView found = sums.of(number);
          const std::int64_t bytes = bucket.count * size_of(found.type);
          const auto* at = static_cast<const std::byte*>(found.data);
          for (const TreeNode& node : blocks.cover_of(carrier)) {
            std::vector<ReduceSource> sources;
            for (int worker = node.first; worker < node.first + node.size; ++worker) {
              sources.push_back(
                  {.node = {worker, 1, 0},
                   .data = gradients[static_cast<std::size_t>(worker)].data() + bucket.first_byte,
                   .weight = weight_of(worker)});
            }
            std::vector<std::byte> expected(static_cast<std::size_t>(bytes));
            void* out = expected.data();
            tree_reduce(sources, std::span<void* const>(&out, 1), bucket.count, bucket.type,
                        ReduceOp::sum, true);
            ASSERT_EQ(std::memcmp(at, expected.data(), expected.size()), 0)
                << workers << " workers, carrier " << carrier << " of " << carriers << ", round "
                << round;
            at += bytes;
          }
        }
        sums.restart();
      }
    }
  }
}

TEST(PartialSums, TakeAFewBuffersNotOneForEachWorker) {
  EXPECT_EQ(PartialSums::most_slots(WorkerBlocks(30, 30)), 0);
  EXPECT_EQ(PartialSums::most_slots(WorkerBlocks(2, 1)), 1);
  EXPECT_EQ(PartialSums::most_slots(WorkerBlocks(30, 1)), 4);
  EXPECT_EQ(PartialSums::most_slots(WorkerBlocks(30, 2)), 4);
  EXPECT_LE(PartialSums::most_slots(WorkerBlocks(4096, 2)), 13);
}

}  // namespace
}  // namespace dga
