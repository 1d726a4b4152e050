// SPDX-License-Identifier: Apache-2.0
//
// Several accumulators in one loop: GANs, one loss for several modules, graphs that are used twice.

#include <gmock/gmock.h>
#include <torch/autograd.h>

#include <limits>

#include "dga/base/clock.h"
#include "dga/launch/launched_rank.h"
#include "tests/support/error_of.h"
#include "tests/train_engines/small_loop.h"

namespace dga::test {
namespace {

/// A generator of 7 numbers and a discriminator.
struct Pair {
  Pair() {
    const at::NoGradGuard no_grad;
    generator->weight.copy_(at::arange(49, at::kFloat).cos().reshape({7, 7}));
    generator->bias.fill_(0.1);
  }
  at::Tensor fake(int worker, std::int64_t step) const {
    return generator->forward(inputs(worker, step)).tanh();
  }
  at::Tensor discriminator_loss(int worker, std::int64_t step, bool detach = true) const {
    const at::Tensor made = detach ? fake(worker, step).detach() : fake(worker, step);
    return discriminator->forward(made).square().mean() -
           discriminator->forward(inputs(worker, step + 100)).mean();
  }
  at::Tensor generator_loss(int worker, std::int64_t step) const {
    return -discriminator->forward(fake(worker, step)).mean();
  }

  std::shared_ptr<Linear> generator = std::make_shared<Linear>(7, 7);
  std::shared_ptr<Linear> discriminator = constant_net();
};

struct PairOptimizers {
  explicit PairOptimizers(const Pair& pair)
      : generator(pair.generator->parameters(), plain_options()),
        discriminator(pair.discriminator->parameters(), plain_options()) {}
  void zero_grad() {
    generator.zero_grad();
    discriminator.zero_grad();
  }

  torch::optim::SGD generator;
  torch::optim::SGD discriminator;
};

/// What one worker with the samples of all computes.
template <typename Loss>
void backward_of_all(const Environment& environment, Loss&& loss_of) {
  for (int worker = 0; worker < environment.workers(); ++worker) {
    (loss_of(worker) / environment.workers()).backward();
  }
}

void expect_same_pair(const Pair& pair, const Pair& expected) {
  expect_near(*pair.generator, *expected.generator);
  expect_near(*pair.discriminator, *expected.discriminator);
}

DGA_ENGINE_TEST(SeveralAccumulators, TrainAGanInTurn) {
  const Pair pair;
  GradientAccumulator generator(environment, pair.generator, plain_sgd());
  GradientAccumulator discriminator(environment, pair.discriminator, plain_sgd());
  const Pair alone;
  PairOptimizers optimizers(alone);
  for (int step = 0; step < 4; ++step) {
    discriminator.backward(pair.discriminator_loss(environment.rank(), step), 2);
    discriminator.step();
    generator.backward(pair.generator_loss(environment.rank(), step), 2);
    generator.step();

    optimizers.zero_grad();
    backward_of_all(environment,
                    [&](int worker) { return alone.discriminator_loss(worker, step); });
    optimizers.discriminator.step();
    optimizers.zero_grad();
    backward_of_all(environment, [&](int worker) { return alone.generator_loss(worker, step); });
    optimizers.generator.step();
  }
  expect_same_pair(pair, alone);
}

DGA_ENGINE_TEST(SeveralAccumulators, IgnoreGradientsOfOthersWhileTheyHaveTheirOwn) {
  const Pair pair;
  GradientAccumulator generator(environment, pair.generator, plain_sgd());
  GradientAccumulator discriminator(environment, pair.discriminator, plain_sgd());
  const Pair alone;
  PairOptimizers optimizers(alone);
  for (int step = 0; step < 3; ++step) {  // both are updated at the end of the step
    discriminator.backward(pair.discriminator_loss(environment.rank(), step), 2);
    generator.backward(pair.generator_loss(environment.rank(), step), 2);
    discriminator.step();
    generator.step();

    optimizers.zero_grad();
    backward_of_all(environment, [&](int worker) { return alone.generator_loss(worker, step); });
    optimizers.discriminator.zero_grad();
    backward_of_all(environment,
                    [&](int worker) { return alone.discriminator_loss(worker, step); });
    optimizers.discriminator.step();
    optimizers.generator.step();
  }
  expect_same_pair(pair, alone);
}

DGA_ENGINE_TEST(SeveralAccumulators, ShareOneLoss) {
  for (const bool named : {true, false}) {
    const Pair pair;
    GradientAccumulator generator(environment, pair.generator, plain_sgd());
    GradientAccumulator discriminator(environment, pair.discriminator, plain_sgd());
    const Pair alone;
    PairOptimizers optimizers(alone);
    for (int step = 0; step < 3; ++step) {
      const at::Tensor loss = pair.discriminator_loss(environment.rank(), step, false);
      if (named) {
        dga::backward({&generator, &discriminator}, loss, 2);
      } else {
        generator.backward(loss, 2);
      }
      generator.step();
      discriminator.step();

      optimizers.zero_grad();
      backward_of_all(environment,
                      [&](int worker) { return alone.discriminator_loss(worker, step, false); });
      optimizers.generator.step();
      optimizers.discriminator.step();
    }
    expect_same_pair(pair, alone);
  }
}

DGA_ENGINE_TEST(SeveralAccumulators, UseOneGraphTwice) {
  const Pair pair;
  GradientAccumulator generator(environment, pair.generator, plain_sgd());
  GradientAccumulator discriminator(environment, pair.discriminator, plain_sgd());
  const Pair alone;
  PairOptimizers optimizers(alone);
  for (int step = 0; step < 2; ++step) {
    const at::Tensor score =
        pair.discriminator->forward(pair.fake(environment.rank(), step)).mean();
    discriminator.backward(score, 2, {.retain_graph = true});
    generator.backward(-score, 2);
    discriminator.step();
    generator.step();

    optimizers.zero_grad();
    backward_of_all(environment, [&](int worker) { return alone.generator_loss(worker, step); });
    for (at::Tensor& parameter : alone.discriminator->parameters()) {
      parameter.mutable_grad().neg_();
    }
    optimizers.discriminator.step();
    optimizers.generator.step();
  }
  expect_same_pair(pair, alone);
}

DGA_ENGINE_TEST(SeveralAccumulators, RefuseWhatCannotBeAddedUp) {
  const Pair pair;
  GradientAccumulator generator(environment, pair.generator, plain_sgd());
  GradientAccumulator discriminator(environment, pair.discriminator, plain_sgd());
  for (const std::int64_t samples : {2, 3}) {
    generator.backward(pair.generator_loss(environment.rank(), samples), samples);
    generator.step();
  }
  EXPECT_EQ(error_of<InvalidArgument>([&] { discriminator.step(); }),
            "[parallel] step: expected gradients of one step, found those of several backward "
            "calls of other accumulators. Pass all accumulators to dga::backward.");
  discriminator.backward(pair.discriminator_loss(environment.rank(), 0), 2);
  EXPECT_TRUE(discriminator.step());
  EXPECT_EQ(
      error_of<InvalidArgument>([&] {
        dga::backward({&generator, &generator}, pair.generator_loss(environment.rank(), 0), 2);
      }),
      "[parallel] backward: expected each accumulator once, found one twice.");
}

DGA_ENGINE_TEST(SeveralAccumulators, GoOnAfterAStepThatOnlyOneOfThemSkipped) {
  const int last = environment.workers() - 1;
  // Without samples in the third step, if there are others that have some.
  const auto has_samples = [&](int worker, int step) {
    return step != 2 || worker != last || last == 0;
  };
  for (const bool named : {true, false}) {
    const Pair pair;
    AccumulatorOptions options;
    options.grad_scaler = GradScalerOptions{.init_scale = 64, .growth_interval = 3};
    GradientAccumulator generator(environment, pair.generator, plain_sgd(), options);
    GradientAccumulator discriminator(environment, pair.discriminator, plain_sgd(), options);
    const Pair alone;
    PairOptimizers optimizers(alone);
    std::vector<std::pair<double, double>> scales;
    for (int step = 0; step < 6; ++step) {
      if (has_samples(environment.rank(), step)) {
        at::Tensor loss = pair.discriminator_loss(environment.rank(), step, false);
        if (step == 0 && environment.rank() == last) {
          // Only the generator's gradient becomes infinite.
          loss = loss + pair.generator->bias.sum() * std::numeric_limits<double>::infinity();
        }
        if (named) {
          dga::backward({&generator, &discriminator}, loss, 2);
        } else {
          generator.backward(loss, 2);
        }
      }
      EXPECT_EQ(generator.step(), step != 0);
      EXPECT_TRUE(discriminator.step());
      scales.emplace_back(generator.loss_scale(), discriminator.loss_scale());

      optimizers.zero_grad();
      int with_samples = 0;
      for (int worker = 0; worker < environment.workers(); ++worker) {
        with_samples += has_samples(worker, step) ? 1 : 0;
      }
      for (int worker = 0; worker < environment.workers(); ++worker) {
        if (has_samples(worker, step)) {
          (alone.discriminator_loss(worker, step, false) / with_samples).backward();
        }
      }
      if (step != 0) {
        optimizers.generator.step();
      }
      optimizers.discriminator.step();
    }
    expect_same_pair(pair, alone);
    // The larger scale waits until the smaller one has grown to it.
    using Scales = std::pair<double, double>;
    EXPECT_THAT(scales, testing::ElementsAre(Scales(32, 64), Scales(32, 64), Scales(32, 64),
                                             Scales(64, 64), Scales(64, 64), Scales(64, 128)));
  }
}

DGA_ENGINE_TEST(SeveralAccumulators, NeedAGradScalerInAllOrInNone) {
  const Pair pair;
  AccumulatorOptions options;
  options.grad_scaler = GradScalerOptions{.init_scale = 64};
  GradientAccumulator generator(environment, pair.generator, plain_sgd(), options);
  GradientAccumulator discriminator(environment, pair.discriminator, plain_sgd());
  const auto loss = [&] { return pair.discriminator_loss(environment.rank(), 0, false); };
  EXPECT_EQ(error_of<InvalidArgument>([&] {
              dga::backward({&generator, &discriminator}, loss(), 2);
            }),
            "[parallel] backward for several accumulators: expected a grad_scaler in all of them "
            "or in none, found one in some.");
  generator.backward(loss(), 2);
  EXPECT_EQ(error_of<InvalidArgument>([&] { discriminator.step(); }),
            "[parallel] step: expected a grad_scaler in all accumulators of a loss or in none, "
            "found one in some.");
  EXPECT_TRUE(generator.step());
}

DGA_ENGINE_TEST(SeveralAccumulators, LeaveGradientPenaltiesToTorch) {
  auto net = constant_net();
  const auto penalised = [](Linear& model, int worker, std::int64_t step) {
    const at::Tensor input = inputs(worker, step).requires_grad_(true);
    const at::Tensor output = model.forward(input).tanh().sum();
    const at::Tensor slope =
        torch::autograd::grad({output}, {input}, {}, /*retain_graph=*/true, /*create_graph=*/true)
            .front();
    return output + slope.square().sum();
  };
  GradientAccumulator accumulator(environment, net, plain_sgd());
  auto alone = constant_net();
  torch::optim::SGD optimizer(alone->parameters(), plain_options());
  for (int step = 0; step < 2; ++step) {
    accumulator.backward(penalised(*net, environment.rank(), step), 2);
    accumulator.step();
    optimizer.zero_grad();
    backward_of_all(environment, [&](int worker) { return penalised(*alone, worker, step); });
    optimizer.step();
  }
  expect_near(*net, *alone);
}

/// Trains a pair in a launch in which the last worker steps the generator first.
void step_in_different_orders() {
  LaunchOptions options = engine_options();
  options.timeout_s = 60;  // the error comes long before
  launch(options, [](Environment& environment) {
    const Pair pair;
    GradientAccumulator generator(environment, pair.generator, plain_sgd());
    GradientAccumulator discriminator(environment, pair.discriminator, plain_sgd());
    discriminator.backward(pair.discriminator_loss(environment.rank(), 0), 2);
    generator.backward(pair.generator_loss(environment.rank(), 0), 2);
    const bool is_last = environment.rank() == environment.workers() - 1;
    (is_last ? generator : discriminator).step();
    (is_last ? discriminator : generator).step();
  });
}

TEST(SeveralAccumulators, SteppedInDifferentOrdersAreAnErrorOnEveryWorker) {
  const LaunchOptions& options = engine_options();
  if ((options.engine == Engine::mpi ? launched_ranks() : options.workers) == 1) {
    step_in_different_orders();
    return;
  }
  const double started = now_seconds();
  EXPECT_THAT(error_of<WorkerFailure>(step_in_different_orders),
              testing::ContainsRegex("of accumulator [0-9]+'.*of accumulator [0-9]+'"));
  EXPECT_LT(now_seconds() - started, 20);
}

}  // namespace
}  // namespace dga::test
