// SPDX-License-Identifier: Apache-2.0

#include <map>
#include <memory>
#include <string>

#include "dga/launch/launch.h"
#include "tests/support/state_net.h"

namespace dga::test {
namespace {

TEST(AccumulatorState, IsLoadedAtAnotherNumberOfWorkers) {
  for (const OptimizerFactory& factory : factories()) {
    AccumulatorState state;
    const auto net_before = std::make_shared<StateNet>();
    std::vector<at::Tensor> expected;
    const auto on_threads = [](int workers, const Worker& worker) {
      launch({.engine = Engine::threads, .workers = workers, .timeout_s = 30}, worker);
    };
    on_threads(3, [&](Environment& env) {
      auto net = env.is_root() ? net_before : std::make_shared<StateNet>();
      GradientAccumulator accumulator(env, net, factory);
      train_net(accumulator, *net, env.rank(), 3);
      AccumulatorState mine = accumulator.state();
      if (env.is_root()) {
        state = std::move(mine);
      }
      env.world().barrier();
    });
    for (const int workers : {1, 2, 5}) {
      AccumulatorState again;
      on_threads(workers, [&](Environment& env) {
        auto net = std::make_shared<StateNet>();
        copy_parameters(*net_before, *net);
        GradientAccumulator accumulator(env, net, factory);
        accumulator.load_state(env.is_root() ? state : AccumulatorState{});
        AccumulatorState mine = accumulator.state();
        if (env.is_root()) {
          again = std::move(mine);
        }
        train_net(accumulator, *net, env.rank(), 1);
      });
      ASSERT_EQ(again.optimizer.size(), state.optimizer.size());
      for (const auto& [name, tensor] : state.optimizer) {
        EXPECT_TRUE(again.optimizer.at(name).equal(tensor)) << name;
      }
      EXPECT_EQ(again.num_steps, 3);
    }
  }
}

TEST(AccumulatorState, GivesOtherNumbersOfWorkersTheMeanOfTheBuffers) {
  const auto factory = optimizer_factory<torch::optim::SGD>(torch::optim::SGDOptions(0.1));
  const std::map<std::string, at::Tensor> buffers{
      {"mean", at::tensor({1.F, 5.F}).reshape({2, 1})},
      {"calls", at::tensor({std::int64_t{3}, std::int64_t{4}})},
      {"seen", at::tensor({1, 0}).to(at::kBool)}};
  const auto train = [&](Environment& env) {
    auto net = std::make_shared<StateNet>();
    const at::Tensor mean = net->register_buffer("mean", at::zeros({1}));
    const at::Tensor calls = net->register_buffer("calls", at::zeros({}, at::kLong));
    const at::Tensor seen = net->register_buffer("seen", at::zeros({}, at::kBool));
    GradientAccumulator accumulator(env, net, factory);
    AccumulatorState own = accumulator.state();
    own.buffers = buffers;
    own.buffer_samples = {30, 10};
    accumulator.load_state(own);
    EXPECT_EQ(mean.item<float>(), env.workers() == 2 ? (env.rank() == 0 ? 1 : 5) : 2);
    EXPECT_EQ(calls.item<std::int64_t>(), env.workers() == 2 ? 3 + env.rank() : 4);
    EXPECT_EQ(seen.item<bool>(), env.workers() != 2 || env.rank() == 0);
    env.world().barrier();
  };
  for (const int workers : {1, 2, 3}) {
    launch({.engine = Engine::threads, .workers = workers, .timeout_s = 30}, train);
  }
}

}  // namespace
}  // namespace dga::test
