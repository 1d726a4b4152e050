// SPDX-License-Identifier: Apache-2.0

#include <memory>

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

}  // namespace
}  // namespace dga::test
