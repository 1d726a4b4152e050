// SPDX-License-Identifier: Apache-2.0
//
// The state of an accumulator: complete, and independent of the number of workers.

#include <gmock/gmock.h>
#include <torch/optim/schedulers/step_lr.h>

#include "tests/support/error_of.h"
#include "tests/support/state_net.h"
#include "tests/train_engines/small_loop.h"

namespace dga::test {
namespace {

using testing::HasSubstr;

AccumulatorOptions state_options() {
  AccumulatorOptions options;
  options.ema_decay = 0.9;
  options.learning_rate = step_decay(2, 0.5);
  options.grad_scaler = GradScalerOptions{.init_scale = 16, .growth_interval = 3};
  return options;
}

DGA_ENGINE_TEST(AccumulatorStates, GoOnWithTheSameBits) {
  for (const OptimizerFactory& factory : factories()) {
    auto whole = std::make_shared<StateNet>();
    GradientAccumulator uninterrupted(environment, whole, factory, state_options());
    train_net(uninterrupted, *whole, environment.rank(), 6);

    auto before = std::make_shared<StateNet>();
    auto after = std::make_shared<StateNet>();
    AccumulatorState state;
    {
      GradientAccumulator accumulator(environment, before, factory, state_options());
      train_net(accumulator, *before, environment.rank(), 3);
      state = accumulator.state();
      environment.world().barrier();
      copy_parameters(*before, *after);
    }
    GradientAccumulator accumulator(environment, after, factory, state_options());
    accumulator.load_state(state);
    EXPECT_EQ(accumulator.num_steps(), 3);
    EXPECT_EQ(accumulator.loss_scale(), 32);
    train_net(accumulator, *after, environment.rank(), 3);
    for (const bool average : {false, true}) {
      uninterrupted.use_average(average);
      accumulator.use_average(average);
      for (std::size_t i = 0; i < whole->parameters().size(); ++i) {
        EXPECT_TRUE(after->parameters()[i].equal(whole->parameters()[i])) << i;
      }
    }
    environment.world().barrier();
  }
}

DGA_ENGINE_TEST(AccumulatorStates, HaveTorchsNamesAndTheParametersShapesOnWorker0) {
  auto net = std::make_shared<StateNet>();
  GradientAccumulator accumulator(
      environment, net, optimizer_factory<torch::optim::AdamW>(torch::optim::AdamWOptions(0.01)));
  train_net(accumulator, *net, environment.rank(), 2);
  const AccumulatorState state = accumulator.state();
  if (!environment.is_root()) {
    EXPECT_TRUE(state.optimizer.empty());
    return;
  }
  std::vector<std::string> names;
  for (const auto& [name, tensor] : state.optimizer) {
    names.push_back(name);
  }
  EXPECT_THAT(names, testing::IsSupersetOf({"extra/exp_avg", "extra/step", "first.bias/exp_avg_sq",
                                            "first.weight/exp_avg", "second.weight/step"}));
  EXPECT_EQ(state.optimizer.at("first.weight/exp_avg").sizes(), net->first->weight.sizes());
  EXPECT_EQ(state.optimizer.at("first.weight/step").item<std::int64_t>(), 2);
  EXPECT_EQ(state.optimizer.at("extra/step").item<std::int64_t>(), 1);
  EXPECT_THAT(state.learning_rates, testing::ElementsAre(0.01));
}

DGA_ENGINE_TEST(AccumulatorStates, ThatDoNotFitAreRefusedOnEveryWorker) {
  auto net = std::make_shared<StateNet>();
  const auto adam = optimizer_factory<torch::optim::Adam>(torch::optim::AdamOptions(0.01));
  GradientAccumulator accumulator(environment, net, adam);
  train_net(accumulator, *net, environment.rank(), 1);
  AccumulatorState state = accumulator.state();
  const auto refusal = [&](const AccumulatorState& wrong) {
    return error_of<InvalidArgument>([&] { accumulator.load_state(wrong); });
  };
  AccumulatorState wrong = state;
  wrong.learning_rates.push_back(0.1);
  EXPECT_EQ(refusal(wrong),
            "[parallel] load_state: expected 1 learning rates, one for each parameter group, found "
            "2.");
  wrong = state;
  wrong.optimizer["third.weight/step"] = at::scalar_tensor(1, at::kLong);
  EXPECT_THAT(refusal(wrong), HasSubstr("found some of 'third.weight'."));
  if (environment.is_root()) {
    wrong = state;
    wrong.optimizer["first.weight/exp_avg"] = at::zeros({2, 2});
  }
  EXPECT_THAT(refusal(wrong), HasSubstr("in its shape [9, 7], found [2, 2]."));
  if (environment.is_root()) {
    wrong = state;
    wrong.optimizer.erase("first.weight/exp_avg");
  }
  EXPECT_THAT(refusal(wrong), HasSubstr("Use the optimiser that the state was made with."));
  accumulator.load_state(state);
  train_net(accumulator, *net, environment.rank(), 1);
}

DGA_ENGINE_TEST(AccumulatorStates, TorchsSchedulersWorkOnTheOptimizer) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  torch::optim::StepLR scheduler(accumulator.optimizer(), 2, 0.1);
  auto alone = constant_net();
  torch::optim::SGD optimizer(alone->parameters(), plain_options());
  torch::optim::StepLR scheduler_alone(optimizer, 2, 0.1);
  for (int step = 0; step < 5; ++step) {
    take_steps(accumulator, *net, environment.rank(), 1);
    scheduler.step();
    optimizer.zero_grad();
    for (int worker = 0; worker < environment.workers(); ++worker) {
      (squares_of(*alone, worker, step) / environment.workers()).backward();
    }
    optimizer.step();
    scheduler_alone.step();
  }
  expect_near(*net, *alone);
}

}  // namespace
}  // namespace dga::test
