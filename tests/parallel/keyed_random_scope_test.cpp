// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/keyed_random_scope.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>

#include <functional>
#include <thread>
#include <vector>

namespace dga {
namespace {

/// Much of what draws in torch, one after the other, in one 1-D tensor.
at::Tensor draw() {
  const at::Tensor x = at::ones({7, 5});
  std::vector<at::Tensor> all{at::rand({5}),
                              at::randn({6}),
                              at::randint(100, {4}),
                              at::randperm(9),
                              at::bernoulli(x * 0.5),
                              at::empty({5}).exponential_(),
                              at::empty({3}).uniform_(2, 3),
                              at::normal(x, x),
                              at::poisson(x),
                              at::multinomial(x, 2),
                              at::dropout(x, 0.5, true),
                              std::get<0>(at::native_dropout(x, 0.5, true)),
                              at::alpha_dropout(x, 0.3, true),
                              at::rrelu(-x, 0.1, 0.9, true),
                              torch::nn::Linear(5, 3)->weight.detach()};
  for (at::Tensor& tensor : all) {
    tensor = tensor.to(at::kFloat).flatten();
  }
  return at::cat(all);
}

at::Tensor draw_with(std::uint64_t key) {
  const KeyedRandomScope random(key);
  return draw();
}

TEST(KeyedRandomScope, DrawsWhatItsKeySaysInAnyThread) {
  const at::Tensor expected = draw_with(7);
  std::vector<at::Tensor> drawn(4);
  std::vector<std::thread> threads;
  for (at::Tensor& mine : drawn) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 20; ++i) {
        mine = draw_with(7);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const at::Tensor& theirs : drawn) {
    EXPECT_TRUE(at::equal(theirs, expected));
  }
  EXPECT_FALSE(at::equal(draw_with(8), expected));
}

TEST(KeyedRandomScope, DrawsWhatAGeneratorWithThatSeedDraws) {
  const KeyedRandomScope random(1234);
  EXPECT_TRUE(at::equal(at::rand({50}), at::rand({50}, at::detail::createCPUGenerator(1234))));
}

TEST(KeyedRandomScope, LeavesTheDefaultGeneratorAlone) {
  auto generator = at::detail::getDefaultCPUGenerator();
  generator.set_current_seed(3);
  const at::Tensor before = generator.get_state().clone();
  draw_with(7);
  EXPECT_TRUE(at::equal(generator.get_state(), before));
  // And gives it back: outside of the scope torch draws from it again.
  draw();
  EXPECT_FALSE(at::equal(generator.get_state(), before));
}

TEST(KeyedRandomScope, LeavesAGivenGeneratorAlone) {
  auto given = at::detail::createCPUGenerator(5);
  const at::Tensor expected = at::rand({10}, given);
  given.set_current_seed(5);
  const KeyedRandomScope random(7);
  EXPECT_TRUE(at::equal(at::rand({10}, given), expected));
}

TEST(KeyedRandomScope, StartsAgainAtEveryReseed) {
  KeyedRandomScope random(7);
  const at::Tensor first = draw();
  const at::Tensor next = draw();
  EXPECT_FALSE(at::equal(first, next));
  random.reseed(7);
  EXPECT_TRUE(at::equal(draw(), first));
}

TEST(KeyedRandomScope, NestsAndOutlivesItsElder) {
  auto outer = std::make_unique<KeyedRandomScope>(1);
  const KeyedRandomScope inner(2);
  const at::Tensor drawn = at::rand({5});
  EXPECT_TRUE(at::equal(drawn, at::rand({5}, at::detail::createCPUGenerator(2))));
  outer.reset();
  EXPECT_FALSE(at::equal(at::rand({5}), drawn));
}

}  // namespace
}  // namespace dga
