// SPDX-License-Identifier: Apache-2.0
//
// What a program may do to the optimisers of an accumulator, and which optimisers it may bring.

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <torch/optim/adagrad.h>
#include <torch/optim/adamw.h>
#include <torch/optim/lbfgs.h>
#include <torch/serialize/archive.h>

#include "tests/support/error_of.h"
#include "tests/train_engines/small_loop.h"

namespace dga::test {
namespace {

using testing::HasSubstr;

/// Options that torch knows nothing of but the learning rate.
struct OwnOptions : torch::optim::OptimizerCloneableOptions<OwnOptions> {
  double get_lr() const override { return rate; }
  void set_lr(double lr) override { rate = lr; }
  void serialize(torch::serialize::InputArchive&) override {}
  void serialize(torch::serialize::OutputArchive& archive) const override {
    archive.write("decay", c10::IValue(decay));
    archive.write("betas", c10::ivalue::Tuple::create(decay, 0.5));
  }
  double rate = 0.1;
  double decay = 0;
};

/// SGD of a program's own, which may fail.
struct OwnOptimizer : torch::optim::Optimizer {
  OwnOptimizer(const std::vector<torch::optim::OptimizerParamGroup>& groups,
               const OwnOptions& options, bool fails)
      : Optimizer(groups, std::make_unique<OwnOptions>(options)), fails_(fails) {}

  at::Tensor step(LossClosure closure) override {
    const at::NoGradGuard no_grad;
    for (const auto& group : param_groups()) {
      for (const at::Tensor& parameter : group.params()) {
        at::Tensor(parameter).sub_(parameter.grad(), group.options().get_lr());
      }
    }
    return fails_ ? closure() : at::Tensor();
  }

  bool fails_;
};

OptimizerFactory own_factory(bool fails, const OwnOptions& options = {}) {
  return [fails, options](const std::vector<torch::optim::OptimizerParamGroup>& groups) {
    return std::make_unique<OwnOptimizer>(groups, options, fails);
  };
}

std::string refused_step(GradientAccumulator& accumulator, Linear& net, int worker) {
  accumulator.backward(squares_of(net, worker, accumulator.num_steps()), 2);
  return error_of<InvalidArgument>([&] { accumulator.step(); });
}

DGA_ENGINE_TEST(OptimizerChanges, ZeroGradIsHarmless) {
  for (const bool set_to_none : {true, false}) {
    auto net = constant_net();
    GradientAccumulator accumulator(environment, net, plain_sgd());
    for (int step = 0; step < 4; ++step) {
      accumulator.optimizer().zero_grad(set_to_none);
      accumulator.backward(squares_of(*net, environment.rank(), step), 2);
      accumulator.optimizer().zero_grad(set_to_none);
      EXPECT_TRUE(accumulator.step());
    }
    expect_near(*net, *trained_alone(environment.workers(), 4));
  }
}

DGA_ENGINE_TEST(OptimizerChanges, GradientsInItAreRefused) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  take_steps(accumulator, *net, environment.rank(), 1);
  for (const at::Tensor& parameter : accumulator.optimizer().param_groups().front().params()) {
    parameter.mutable_grad() = at::ones_like(parameter);
  }
  EXPECT_EQ(refused_step(accumulator, *net, environment.rank()),
            "[parallel] optimizer: expected no gradients in its parameters before a step, found "
            "one in group 0. They get the reduced gradients: change these in on_gradients.");
  take_steps(accumulator, *net, environment.rank(), 2);
  expect_near(*net, *trained_alone(environment.workers(), 3));
}

DGA_ENGINE_TEST(OptimizerChanges, ItsSlicesChangeInStepsOnly) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  take_steps(accumulator, *net, environment.rank(), 1);
  const auto halve = [&] {
    const at::NoGradGuard no_grad;
    for (const at::Tensor& parameter : accumulator.optimizer().param_groups().front().params()) {
      parameter.mul_(0.5);
    }
  };
  const at::Tensor before = net->weight.detach().clone();
  const std::string text =
      "[parallel] optimizer: expected its parameters as step() left them, found one in group 0 "
      "changed in place. It has only a slice of each: change parameters in "
      "accumulator.update_parameters, through the module.";
  EXPECT_EQ(error_of<InvalidArgument>([&] { accumulator.update_parameters(halve); }), text);
  EXPECT_TRUE(net->weight.equal(before));
  take_steps(accumulator, *net, environment.rank(), 1);
  expect_near(*net, *trained_alone(environment.workers(), 2));

  // The samples of a value may all miss a change; the counters do not.
  environment.world().barrier();
  for (const at::Tensor& parameter : accumulator.optimizer().param_groups().front().params()) {
    const at::NoGradGuard no_grad;
    parameter.mul_(1);
  }
  EXPECT_EQ(refused_step(accumulator, *net, environment.rank()), text);
  accumulator.update_parameters([] {});
  take_steps(accumulator, *net, environment.rank(), 1);
}

DGA_ENGINE_TEST(OptimizerChanges, OtherGroupsAndParametersAreRefusedOnAllWorkers) {
  for (const bool group : {true, false}) {
    auto net = constant_net();
    GradientAccumulator accumulator(environment, net, plain_sgd());
    take_steps(accumulator, *net, environment.rank(), 1);
    const at::Tensor before = net->weight.detach().clone();
    environment.world().barrier();
    if (environment.is_root()) {
      const at::Tensor more = at::ones({2}).requires_grad_(true);
      if (group) {
        accumulator.optimizer().add_param_group({{more}});
      } else {
        accumulator.optimizer().param_groups().front().params().push_back(more);
      }
    }
    EXPECT_EQ(refused_step(accumulator, *net, environment.rank()),
              group ? "[parallel] optimizer: expected the 1 parameter groups that it was given, "
                      "found 2. Describe groups in AccumulatorOptions::groups, and make another "
                      "accumulator."
                    : "[parallel] optimizer: expected in group 0 the parameters that it was given, "
                      "found others. Register parameters in the module, and make another "
                      "accumulator.");
    EXPECT_TRUE(net->weight.equal(before));
    environment.world().barrier();
  }
}

DGA_ENGINE_TEST(OptimizerChanges, OptionsOfAnotherTypeAreRefused) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  accumulator.optimizer().param_groups().front().set_options(
      std::make_unique<torch::optim::AdamWOptions>(0.1));
  EXPECT_EQ(refused_step(accumulator, *net, environment.rank()),
            "[parallel] optimizer: expected options of type torch::optim::SGDOptions in group 0, "
            "found torch::optim::AdamWOptions.");
}

DGA_ENGINE_TEST(OptimizerChanges, ItsStateMayBeDroppedButNotReplaced) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  auto alone = constant_net();
  torch::optim::SGD optimizer(alone->parameters(), plain_options());
  for (int step = 0; step < 4; ++step) {
    if (step == 2) {
      accumulator.optimizer().state().clear();  // no momentum any more
      optimizer.state().clear();
    }
    take_steps(accumulator, *net, environment.rank(), 1);
    optimizer.zero_grad();
    for (int worker = 0; worker < environment.workers(); ++worker) {
      (squares_of(*alone, worker, step) / environment.workers()).backward();
    }
    optimizer.step();
  }
  expect_near(*net, *alone);
  const AccumulatorState saved = accumulator.state();
  for (auto& item : accumulator.optimizer().state()) {  // as torch::load does
    item.second = item.second->clone();
  }
  EXPECT_EQ(refused_step(accumulator, *net, environment.rank()),
            "[parallel] optimizer: expected its state as step() or load_state() left it, found "
            "other state in group 0. Each worker keeps the state of its slices: use "
            "accumulator.state() and accumulator.load_state().");
  accumulator.load_state(saved);
  take_steps(accumulator, *net, environment.rank(), 1);
}

DGA_ENGINE_TEST(OptimizerChanges, LbfgsIsRefused) {
  EXPECT_THAT(error_of<InvalidArgument>([&] {
                const GradientAccumulator accumulator(
                    environment, constant_net(),
                    optimizer_factory<torch::optim::LBFGS>(torch::optim::LBFGSOptions(1)));
              }),
              HasSubstr("found LBFGS, which evaluates the loss again within a step."));
  environment.world().barrier();
}

DGA_ENGINE_TEST(OptimizerChanges, AnOptimizerThatNeedsAClosureEndsAtTheFirstStepAndChangesNothing) {
  for (const bool on_all : {true, false}) {
    const int last = environment.workers() - 1;
    auto net = constant_net();
    GradientAccumulator accumulator(environment, net,
                                    own_factory(on_all || environment.rank() == last));
    for (int i = 0; i < 2; ++i) {
      const std::string text = refused_step(accumulator, *net, environment.rank());
      EXPECT_EQ(text,
                "[parallel] optimizer dga::test::(anonymous namespace)::OwnOptimizer: expected it "
                "to step once per gradient, without a closure, found that its first step() threw: "
                "bad_function_call. Use an optimiser such as SGD, Adam, AdamW, RMSprop or "
                "Adagrad.");
      EXPECT_TRUE(net->weight.equal(constant_net()->weight));
      EXPECT_TRUE(net->bias.equal(constant_net()->bias));
      EXPECT_EQ(accumulator.num_steps(), 0);
      environment.world().barrier();
    }
  }
}

DGA_ENGINE_TEST(OptimizerChanges, AnOptimizerOfTheProgramsOwnTrains) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, own_factory(false));
  take_steps(accumulator, *net, environment.rank(), 3);
  auto alone = constant_net();
  torch::optim::SGD optimizer(alone->parameters(), torch::optim::SGDOptions(0.1));
  for (int step = 0; step < 3; ++step) {
    optimizer.zero_grad();
    for (int worker = 0; worker < environment.workers(); ++worker) {
      (squares_of(*alone, worker, step) / environment.workers()).backward();
    }
    optimizer.step();
  }
  expect_near(*net, *alone);
}

DGA_ENGINE_TEST(OptimizerChanges, OptimizersThatDifferBetweenWorkersAreRefused) {
  if (environment.workers() < 2) {
    return;
  }
  const auto refusal = [&](const OptimizerFactory& one, const OptimizerFactory& other) {
    return error_of<InvalidArgument>([&] {
      const GradientAccumulator accumulator(environment, constant_net(),
                                            environment.rank() == 1 ? other : one);
    });
  };
  const std::string start = "[parallel] optimizer: expected '";
  const std::string end = "' on worker 1. Build it alike on every worker.";
  OwnOptions other;
  other.decay = 0.25;
  EXPECT_EQ(refusal(own_factory(false), own_factory(false, other)),
            start + "group 0: decay: 0.' as on worker 0, found 'group 0: decay: 0.25" + end);
  EXPECT_EQ(
      refusal(plain_sgd(), optimizer_factory<torch::optim::AdamW>(torch::optim::AdamWOptions(0.1))),
      start +
          "optimizer torch::optim::SGD' as on worker 0, found 'optimizer "
          "torch::optim::AdamW" +
          end);
  using torch::optim::Adagrad;
  using torch::optim::AdagradOptions;
  EXPECT_EQ(refusal(optimizer_factory<Adagrad>(AdagradOptions(0.1)),
                    optimizer_factory<Adagrad>(AdagradOptions(0.1).initial_accumulator_value(0.5))),
            start +
                "group 0: initial_accumulator_value: 0' as on worker 0, found 'group 0: "
                "initial_accumulator_value: 0.5" +
                end);
}

}  // namespace
}  // namespace dga::test
