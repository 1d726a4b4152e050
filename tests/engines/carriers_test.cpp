// SPDX-License-Identifier: Apache-2.0
//
// Sums over the workers that ranks carry, against the definition of the fixed tree over the
// workers.

#include <gmock/gmock.h>

#include <vector>

#include "dga/base/random.h"
#include "dga/comm/collectives/tree_reduce.h"
#include "dga/comm/sum_over_workers.h"
#include "dga/launch/worker_map.h"
#include "tests/support/engine_suite.h"
#include "tests/support/error_of.h"
#include "tests/support/reference_tree.h"

namespace dga {
namespace {

double number_of(int worker, std::int64_t i) {
  RandomStream stream(stream_key(11, "number", worker, i));
  return (stream.uniform() - 0.5) * std::exp2(static_cast<double>(stream.below(12)));
}

template <typename T>
T tree_sum_of(int workers, std::int64_t i) {
  std::vector<T> leaves;
  for (int worker = 0; worker < workers; ++worker) {
    leaves.push_back(static_cast<T>(number_of(worker, i)));
  }
  return test::reference_tree(leaves, [](T a, T b) { return a + b; });
}

/// The block sizes that one test looks at.
std::vector<int> numbers_of_workers() {
  const auto carriers = static_cast<int>(map_workers(test::engine_options()).workers.size());
  return {carriers, 2 * carriers, 3 * carriers + 1, 15 * carriers};
}

TEST(SumOverWorkers, FollowsTheTreeOverTheWorkers) {
  for (const int workers : numbers_of_workers()) {
    test::run_on_carriers(workers, [&](Environment& environment) {
      const WorkerBlock block = environment.block();
      std::vector<double> own;
      for (int worker = block.first; worker < block.end(); ++worker) {
        for (std::int64_t i = 0; i < 3; ++i) {
          own.push_back(number_of(worker, i));
        }
      }
      const std::vector<double> sums =
          sum_over_workers(environment.world(), environment.blocks(), own, "numbers");
      ASSERT_EQ(sums.size(), 3U);
      for (std::int64_t i = 0; i < 3; ++i) {
        EXPECT_EQ(sums[static_cast<std::size_t>(i)], tree_sum_of<double>(workers, i));
      }
    });
  }
}

/// What a carrier has added up before the collective: its partial sums of `count` elements.
std::vector<float> partial_sums(const WorkerBlocks& blocks, int carrier, std::int64_t count) {
  std::vector<float> sums;
  for (const TreeNode& node : blocks.cover_of(carrier)) {
    for (std::int64_t i = 0; i < count; ++i) {
      std::vector<float> leaves;
      for (int worker = node.first; worker < node.first + node.size; ++worker) {
        leaves.push_back(static_cast<float>(number_of(worker, i)));
      }
      sums.push_back(test::reference_tree(leaves, [](float a, float b) { return a + b; }));
    }
  }
  return sums;
}

TEST(ReduceScatterPartials, FollowsTheTreeOverTheWorkers) {
  for (const int workers : numbers_of_workers()) {
    test::run_on_carriers(workers, [&](Environment& environment) {
      const Communicator& world = environment.world();
      std::vector<std::int64_t> counts;
      std::int64_t count = 0;
      std::int64_t first = 0;
      for (int rank = 0; rank < world.size(); ++rank) {
        first = rank == world.rank() ? count : first;
        counts.push_back(rank % 3 == 1 ? 0 : 5 + 7 * rank);  // some get nothing
        count += counts.back();
      }
      const std::vector<float> in = partial_sums(environment.blocks(), world.rank(), count);
      std::vector<float> out(
          static_cast<std::size_t>(counts[static_cast<std::size_t>(world.rank())]));
      world
          .start_reduce_scatter_partials({in.data(), std::ssize(in)}, {out.data(), std::ssize(out)},
                                         environment.blocks(), counts)
          .wait();
      for (std::size_t i = 0; i < out.size(); ++i) {
        ASSERT_EQ(out[i], tree_sum_of<float>(workers, first + static_cast<std::int64_t>(i)));
      }
    });
  }
}

TEST(ReduceScatterPartials, RefusesOtherSizesAndTypes) {
  const int workers = numbers_of_workers()[1];
  test::run_on_carriers(workers, [&](Environment& environment) {
    const Communicator& world = environment.world();
    std::vector<float> in(2);
    std::vector<double> wide(2);
    std::vector<float> out(1);
    const auto refused = [&](ConstBufferView from, const WorkerBlocks& blocks) {
      return test::error_of<InvalidArgument>([&] {
        world.start_reduce_scatter_partials(from, {out.data(), 1}, blocks, {}).wait();
      });
    };
    EXPECT_THAT(refused({wide.data(), 2}, environment.blocks()),
                testing::HasSubstr("expected partial sums of type f32 for elements of type f32, "
                                   "found f64"));
    EXPECT_THAT(refused({in.data(), 2}, WorkerBlocks(workers + 1, workers + 1)),
                testing::HasSubstr("carriers, one per rank, found"));
    EXPECT_THAT(refused({in.data(), 0}, environment.blocks()),
                testing::HasSubstr("elements in the input, found 0"));
  });
}

}  // namespace
}  // namespace dga
