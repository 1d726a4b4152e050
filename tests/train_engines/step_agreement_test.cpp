// SPDX-License-Identifier: Apache-2.0
//
// All workers take, skip or refuse a step together: afterwards everything is as it was, and the
// next step works.

#include <gmock/gmock.h>
#include <torch/optim/adamw.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "dga/parallel/autocast_scope.h"
#include "tests/support/error_of.h"
#include "tests/train_engines/small_loop.h"

namespace dga::test {
namespace {

using testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// One backward and step in which the loss of `bad_worker` is multiplied by `factor`.
bool step_with(GradientAccumulator& accumulator, Linear& net, int worker, int bad_worker,
               double factor) {
  const at::Tensor loss = squares_of(net, worker, 3);
  accumulator.backward(worker == bad_worker ? loss * factor : loss, 2);
  return accumulator.step();
}

DGA_ENGINE_TEST(StepAgreement, AGradientThatIsNotFiniteIsTheSameErrorOnEveryWorker) {
  const int last = environment.workers() - 1;
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  take_steps(accumulator, *net, environment.rank(), 1);
  for (const double factor : {kNan, kInfinity}) {
    const auto text =
        error_of([&] { step_with(accumulator, *net, environment.rank(), last, factor); });
    EXPECT_THAT(text, HasSubstr(" is not finite at step 1: expected numbers, found "));
    EXPECT_THAT(text, HasSubstr(str(", from worker ", last, ". Lower the learning rate")));
    EXPECT_EQ(accumulator.num_steps(), 1);
  }
  take_steps(accumulator, *net, environment.rank(), 2);
  expect_near(*net, *trained_alone(environment.workers(), 3));
}

DGA_ENGINE_TEST(StepAgreement, AGradientThatOverflowsWhenItIsUnscaledIsFound) {
  auto net = constant_net();
  net->to(at::kHalf);
  const at::Tensor before = net->bias.detach().clone();
  AccumulatorOptions options;
  options.grad_scaler = GradScalerOptions{.init_scale = 1.0 / 1024};
  GradientAccumulator accumulator(environment, net, plain_sgd(), options);
  // 97.7 after scaling; the largest number of the type is 65504.
  accumulator.backward(net->bias.to(at::kFloat).sum() * 1e5, 1);
  EXPECT_TRUE(net->bias.grad().isfinite().all().item<bool>());
  EXPECT_FALSE(accumulator.step());
  EXPECT_EQ(accumulator.loss_scale(), 1.0 / 2048);
  EXPECT_TRUE(net->bias.equal(before));
  accumulator.backward(net->bias.to(at::kFloat).sum() * 1e3, 1);
  EXPECT_TRUE(accumulator.step());
  EXPECT_TRUE(net->bias.equal(before - 100));
}

DGA_ENGINE_TEST(StepAgreement, SkippedStepsChangeNothingAndAreCounted) {
  const int last = environment.workers() - 1;
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd(),
                                  {.on_nonfinite = OnNonfinite::skip});
  take_steps(accumulator, *net, environment.rank(), 2);
  const at::Tensor before = net->weight.detach().clone();
  EXPECT_FALSE(step_with(accumulator, *net, environment.rank(), last, kNan));
  EXPECT_FALSE(step_with(accumulator, *net, environment.rank(), 0, kInfinity));
  EXPECT_TRUE(net->weight.equal(before));
  EXPECT_EQ(accumulator.num_steps(), 2);
  EXPECT_EQ(accumulator.num_skipped(), 2);
  take_steps(accumulator, *net, environment.rank(), 2);
  expect_near(*net, *trained_alone(environment.workers(), 4));
}

DGA_ENGINE_TEST(StepAgreement, TheGradScalerBacksOffAndGrowsAlikeOnEveryWorker) {
  const int last = environment.workers() - 1;
  auto net = constant_net();
  AccumulatorOptions options;
  options.clip_norm = 1e6;
  options.grad_scaler = GradScalerOptions{.init_scale = 1024, .growth_interval = 3};
  GradientAccumulator accumulator(environment, net, plain_sgd(), options);
  EXPECT_EQ(accumulator.loss_scale(), 1024);
  take_steps(accumulator, *net, environment.rank(), 2);
  EXPECT_FALSE(step_with(accumulator, *net, environment.rank(), last, kInfinity));
  EXPECT_EQ(accumulator.loss_scale(), 512);
  take_steps(accumulator, *net, environment.rank(), 3);
  EXPECT_EQ(accumulator.loss_scale(), 1024);
  EXPECT_EQ(accumulator.num_skipped(), 1);
  const auto expected = trained_alone(environment.workers(), 5);
  expect_near(*net, *expected);
  EXPECT_LT(accumulator.gradient_norm(), 10) << "clipping sees unscaled gradients";
}

DGA_ENGINE_TEST(StepAgreement, ScalingByPowersOfTwoChangesNoBit) {
  const auto trained = [&](std::optional<GradScalerOptions> scaler) {
    auto net = constant_net();
    AccumulatorOptions options;
    options.grad_scaler = scaler;
    GradientAccumulator accumulator(environment, net, plain_sgd(), options);
    take_steps(accumulator, *net, environment.rank(), 3);
    return net->weight.detach().clone();
  };
  EXPECT_TRUE(trained(GradScalerOptions{}).equal(trained(std::nullopt)));
}

DGA_ENGINE_TEST(StepAgreement, AutocastTrainsParametersInF32) {
  for (const at::ScalarType type : {at::kBFloat16, at::kHalf}) {
    auto net = constant_net();
    AccumulatorOptions options;
    if (type == at::kHalf) {
      options.grad_scaler = GradScalerOptions{.init_scale = 256};
    }
    GradientAccumulator accumulator(environment, net, plain_sgd(), options);
    for (int step = 0; step < 3; ++step) {
      at::Tensor loss;
      {
        const AutocastScope scope(type);
        const at::Tensor output = net->forward(inputs(environment.rank(), step));
        EXPECT_EQ(output.scalar_type(), type);
        loss = output.to(at::kFloat).square().mean();
      }
      EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
      accumulator.backward(loss, 2);
      EXPECT_TRUE(accumulator.step());
    }
    EXPECT_EQ(net->weight.scalar_type(), at::kFloat);
    const auto expected = trained_alone(environment.workers(), 3);
    EXPECT_TRUE(net->weight.allclose(expected->weight, 0.02, 0.01));
  }
}

DGA_ENGINE_TEST(StepAgreement, WhatAProgramThrowsOnOneWorkerRefusesTheStepOnAll) {
  const int last = environment.workers() - 1;
  bool fail = false;
  const auto failing = [&](const char* text) {
    if (fail && environment.rank() == last) {
      throw std::runtime_error(text);
    }
  };
  for (const bool in_schedule : {true, false}) {
    auto net = constant_net();
    AccumulatorOptions options;
    options.learning_rate = [&](std::int64_t) {
      if (in_schedule) {
        failing("no rate");
      }
      return 1.0;
    };
    options.on_gradients = [&](std::span<const GradientSlice>) {
      if (!in_schedule) {
        failing("no gradients");
      }
    };
    GradientAccumulator accumulator(environment, net, plain_sgd(), options);
    take_steps(accumulator, *net, environment.rank(), 1);
    fail = true;
    accumulator.backward(squares_of(*net, environment.rank(), 9), 2);
    EXPECT_EQ(error_of<InvalidArgument>([&] { accumulator.step(); }),
              in_schedule ? "no rate" : "no gradients");
    fail = false;
    take_steps(accumulator, *net, environment.rank(), 2);
    expect_near(*net, *trained_alone(environment.workers(), 3));
  }
}

DGA_ENGINE_TEST(StepAgreement, OptionsOfTheOptimizerThatDifferAreRefused) {
  if (environment.workers() < 2) {
    return;
  }
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  take_steps(accumulator, *net, environment.rank(), 1);
  auto& options = static_cast<torch::optim::SGDOptions&>(
      accumulator.optimizer().param_groups().front().options());
  for (const bool rate : {true, false}) {
    if (environment.rank() == 1) {
      rate ? options.set_lr(0.3) : static_cast<void>(options.momentum(0.5));
    }
    accumulator.backward(squares_of(*net, environment.rank(), 9), 2);
    EXPECT_EQ(error_of<InvalidArgument>([&] { accumulator.step(); }),
              str("[parallel] settings of a step: expected '", rate ? "lr" : "momentum",
                  " of group 0: ", rate ? 0.1 : 0.9, "' as on worker 0, found '",
                  rate ? "lr" : "momentum", " of group 0: ", rate ? 0.3 : 0.5,
                  "' on worker 1. Change them alike on every worker."));
    options.set_lr(0.1);
    options.momentum(0.9);
  }
  take_steps(accumulator, *net, environment.rank(), 2);
  expect_near(*net, *trained_alone(environment.workers(), 3));
}

DGA_ENGINE_TEST(StepAgreement, AParameterThatOnlyOneWorkerFreezesIsRefused) {
  if (environment.workers() == 1) {
    return;
  }
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  take_steps(accumulator, *net, environment.rank(), 1);
  net->bias.requires_grad_(environment.rank() != 1);
  accumulator.backward(squares_of(*net, environment.rank(), 9), 2);
  EXPECT_EQ(error_of<InvalidArgument>([&] { accumulator.step(); }),
            "[parallel] settings of a step: expected 'requires_grad of bias: true' as on worker "
            "0, found 'requires_grad of bias: false' on worker 1. Change them alike on every "
            "worker.");
  net->bias.requires_grad_(true);
  take_steps(accumulator, *net, environment.rank(), 2);
  expect_near(*net, *trained_alone(environment.workers(), 3));
}

DGA_ENGINE_TEST(StepAgreement, ASchedulerBesideTheLearningRateScheduleIsRefused) {
  auto net = constant_net();
  AccumulatorOptions options;
  options.learning_rate = step_decay(2, 0.5);
  GradientAccumulator accumulator(environment, net, plain_sgd(), options);
  take_steps(accumulator, *net, environment.rank(), 1);
  accumulator.optimizer().param_groups().front().options().set_lr(0.05);
  accumulator.backward(squares_of(*net, environment.rank(), 1), 2);
  EXPECT_EQ(error_of<InvalidArgument>([&] { accumulator.step(); }),
            "[parallel] learning rate of group 0: expected 0.1 as options.learning_rate set it, "
            "found 0.05. Use options.learning_rate, or change the optimiser's rates, not both.");
}

DGA_ENGINE_TEST(StepAgreement, AWrongTotalOnOneWorkerIsTheSameErrorOnAll) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  accumulator.expect_samples(2 * environment.workers() + 1);
  accumulator.backward(squares_of(*net, environment.rank(), 0), 2);
  EXPECT_THAT(error_of<InvalidArgument>([&] { accumulator.step(); }),
              HasSubstr(str(" samples over all workers, as expect_samples was told, found ",
                            2 * environment.workers())));
  take_steps(accumulator, *net, environment.rank(), 1);
  expect_near(*net, *trained_alone(environment.workers(), 1));
}

DGA_ENGINE_TEST(StepAgreement, TooManySamplesToCountAreRefused) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  EXPECT_EQ(error_of<InvalidArgument>([&] {
              accumulator.backward(squares_of(*net, environment.rank(), 0), std::int64_t{1} << 62);
            }),
            "[parallel] backward: expected 0 to 2^48 samples, found 4611686018427387904.");
  take_steps(accumulator, *net, environment.rank(), 1);
}

DGA_ENGINE_TEST(StepAgreement, AnUpdateOfParametersThatThrowsChangesNothing) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  EXPECT_EQ(error_of<InvalidArgument>([&] {
              accumulator.update_parameters([&] {
                net->weight.zero_();
                net->bias.set_data(at::zeros({3}));
                throw std::runtime_error("no");
              });
            }),
            "no");
  EXPECT_TRUE(net->weight.equal(constant_net()->weight));
  take_steps(accumulator, *net, environment.rank(), 2);
  expect_near(*net, *trained_alone(environment.workers(), 2));
}

}  // namespace
}  // namespace dga::test
