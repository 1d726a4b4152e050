// SPDX-License-Identifier: Apache-2.0
//
// The accumulator against the plain reference (oracle.h), on every engine and number of workers.

#include <gmock/gmock.h>
#include <torch/nn/functional/activation.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adagrad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>

#include "dga/base/error.h"
#include "tests/support/engine_suite.h"
#include "tests/support/error_of.h"
#include "tests/train_engines/nets.h"
#include "tests/train_engines/oracle.h"

namespace dga::test {
namespace {

using torch::optim::AdagradOptions;
using torch::optim::AdamOptions;
using torch::optim::AdamWOptions;
using torch::optim::RMSpropOptions;
using torch::optim::SGDOptions;

OptimizerFactory sgd(double rate = 0.1, double momentum = 0.9) {
  return optimizer_factory<torch::optim::SGD>(SGDOptions(rate).momentum(momentum));
}

OptimizerFactory adamw() {
  return optimizer_factory<torch::optim::AdamW>(AdamWOptions(0.01).weight_decay(0.1));
}

Job mlp_job() {
  return {.build = [] { return std::make_shared<Mlp>(); }, .factory = sgd()};
}

DGA_ENGINE_TEST(Accumulator, EqualsTheLoopOverEvenShards) {
  expect_bits_of_the_loop_over_shards(environment, mlp_job());
}

DGA_ENGINE_TEST(Accumulator, EqualsTheLoopOverUnevenAndEmptyShards) {
  Job job = mlp_job();
  job.samples = uneven;
  for (const int micro_steps : {1, 2, 3}) {
    job.options.micro_steps = micro_steps;
    expect_bits_of_the_loop_over_shards(environment, job);
  }
}

DGA_ENGINE_TEST(Accumulator, EqualsOneWorkerWithTheWholeBatch) {
  Job job = mlp_job();
  job.samples = uneven;
  job.options.micro_steps = 3;
  job.type = at::kDouble;
  const auto net = train(environment, job);
  expect_equal(
      environment, *net,
      [&] { return train_on_whole_batch(job, environment.workers(), environment.seed()); }, 1e-13);
}

DGA_ENGINE_TEST(Accumulator, RunsEveryElementWiseOptimiser) {
  Job job = mlp_job();
  job.steps = 3;
  for (const auto& factory :
       {sgd(0.1, 0), adamw(),
        optimizer_factory<torch::optim::SGD>(
            SGDOptions(0.1).momentum(0.9).nesterov(true).weight_decay(0.01)),
        optimizer_factory<torch::optim::Adam>(AdamOptions(0.01).amsgrad(true)),
        optimizer_factory<torch::optim::RMSprop>(RMSpropOptions(0.01).momentum(0.5).centered(true)),
        optimizer_factory<torch::optim::Adagrad>(AdagradOptions(0.05).lr_decay(0.1))}) {
    job.factory = factory;
    expect_bits_of_the_loop_over_shards(environment, job);
  }
}

DGA_ENGINE_TEST(Accumulator, CutsIntoSeveralBuckets) {
  Job job = mlp_job();
  job.samples = uneven;
  job.options.micro_steps = 2;
  job.options.bucket_bytes = 512;
  expect_bits_of_the_loop_over_shards(environment, job);
  job.options.overlap = false;
  expect_bits_of_the_loop_over_shards(environment, job);
}

DGA_ENGINE_TEST(Accumulator, KeepsWeightDecayToItsGroup) {
  Job job = mlp_job();
  job.factory = adamw();
  job.options.groups.push_back(
      {.contains = [](const std::string&, const at::Tensor& tensor) { return tensor.dim() < 2; },
       .options = std::make_shared<AdamWOptions>(AdamWOptions(0.02).weight_decay(0))});
  job.options.learning_rate = linear_warmup(2, cosine_decay(6));
  expect_bits_of_the_loop_over_shards(environment, job);
}

DGA_ENGINE_TEST(Accumulator, TrainsConvolutionsAndAveragesRunningStatistics) {
  Job job{
      .build = [] { return std::make_shared<ConvNet>(); }, .factory = sgd(), .input = {3, 6, 6}};
  job.samples = [](int worker, int, std::int64_t step) {
    return worker % 3 == 1 ? std::int64_t{0} : 2 + (worker + step) % 3;
  };
  expect_bits_of_the_loop_over_shards(environment, job);
}

DGA_ENGINE_TEST(Accumulator, SkipsWhatNobodyUsedAndCountsZerosForTheRest) {
  Job job{.build = [] { return std::make_shared<Odd>(); }, .factory = adamw(), .steps = 5};
  for (const auto& factory :
       {adamw(), sgd(), optimizer_factory<torch::optim::Adagrad>(AdagradOptions(0.05)),
        optimizer_factory<torch::optim::RMSprop>(RMSpropOptions(0.01).momentum(0.5)),
        optimizer_factory<torch::optim::Adam>(AdamOptions(0.01).weight_decay(0.1))}) {
    job.factory = factory;
    expect_bits_of_the_loop_over_shards(environment, job);
  }
}

DGA_ENGINE_TEST(Accumulator, ClipsTheNormOfAllParameters) {
  Job job = mlp_job();
  job.type = at::kDouble;
  job.samples = uneven;
  job.options.clip_norm = 0.05;
  const auto net = train(environment, job);
  // torch adds the norm up tensor by tensor, dga slice by slice: f64 leaves a few last bits.
  expect_equal(
      environment, *net,
      [&] { return train_over_shards(job, environment.workers(), environment.seed()); }, 1e-13);
}

DGA_ENGINE_TEST(Accumulator, DrawsTheSameDropoutAsTheLoopOverShards) {
  Job job = mlp_job();
  job.build = [] { return std::make_shared<Mlp>(0.5); };
  job.options.micro_steps = 2;
  expect_bits_of_the_loop_over_shards(environment, job);
}

DGA_ENGINE_TEST(Accumulator, AveragesAsTheLoopOverShards) {
  Job job = mlp_job();
  job.samples = uneven;
  job.options.bucket_bytes = 512;
  for (const double decay : {0.9, 0.25}) {
    job.options.ema_decay = decay;
    expect_bits_of_the_loop_over_shards(environment, job);
  }
}

DGA_ENGINE_TEST(Accumulator, AveragesWhatNobodyUsedToItself) {
  Job job{.build = [] { return std::make_shared<Odd>(); }, .factory = adamw(), .steps = 5};
  job.options.ema_decay = 0.7;
  expect_bits_of_the_loop_over_shards(environment, job);
}

/// One weight, whose gradient is 1 whatever the sample.
struct Slope : Net {
  Slope() { weight = register_parameter("weight", at::zeros({1})); }
  at::Tensor forward(const at::Tensor& x, int, std::int64_t) override { return x * weight; }
  at::Tensor weight;
};

DGA_ENGINE_TEST(Accumulator, AveragesHalvesAndGivesTheParametersBack) {
  auto net = std::make_shared<Slope>();
  AccumulatorOptions options;
  options.ema_decay = 0.5;
  GradientAccumulator accumulator(environment, net, sgd(1, 0), options);
  const auto value = [&] { return net->weight.item<float>(); };
  // 0 -> -1 -> -2 -> -3, and halfway there each time: -0.5, -1.25, -2.125
  for (const float average : {-0.5F, -1.25F, -2.125F}) {
    accumulator.backward(net->forward(at::ones({4, 1}), 0, 0).mean(), 4);
    accumulator.step();
    const float parameter = value();
    accumulator.use_average(true);
    accumulator.use_average(true);
    EXPECT_EQ(value(), average);
    environment.world().barrier();  // everybody has looked
    accumulator.use_average(false);
    EXPECT_EQ(value(), parameter);
  }
  EXPECT_EQ(value(), -3);
}

DGA_ENGINE_TEST(Accumulator, TrainsParametersOfSeveralTypes) {
  expect_bits_of_the_loop_over_shards(
      environment, {.build = [] { return std::make_shared<Mixed>(); }, .factory = sgd()});
}

DGA_ENGINE_TEST(Accumulator, AveragesParametersOfSeveralTypes) {
  Job job{.build = [] { return std::make_shared<Mixed>(); }, .factory = sgd()};
  job.options.ema_decay = 0.9;
  expect_bits_of_the_loop_over_shards(environment, job);
}

DGA_ENGINE_TEST(Accumulator, GivesEverybodyTheValuesOfWorkerZero) {
  const auto make = [] {
    auto net = std::make_shared<ConvNet>();
    net->fc->bias.requires_grad_(false);
    return net;
  };
  auto net = make();
  const at::NoGradGuard no_grad;
  const auto fill = [](torch::nn::Module& module, double first) {
    for (const auto& tensor : module.parameters()) {
      tensor.fill_(first++);
    }
    for (const auto& tensor : module.buffers()) {
      tensor.fill_(first++);
    }
  };
  fill(*net, 100 * environment.rank());
  const GradientAccumulator accumulator(environment, net, sgd());
  expect_equal(environment, *net, [&] {
    auto expected = make();
    fill(*expected, 0);
    return expected;
  });
}

DGA_ENGINE_TEST(Accumulator, NamesTheFirstDifferenceBetweenModules) {
  if (environment.workers() == 1) {
    return;
  }
  struct Sized : Net {
    explicit Sized(std::int64_t width) : fc(12, width) { register_module("fc", fc); }
    at::Tensor forward(const at::Tensor& x, int, std::int64_t) override { return fc(x); }
    nn::Linear fc;
  };
  const int other = environment.workers() - 1;
  auto net = std::make_shared<Sized>(environment.rank() == other ? 7 : 5);
  EXPECT_EQ(test::error_of<InvalidArgument>(
                [&] { const GradientAccumulator accumulator(environment, net, sgd()); }),
            "[parallel] module: expected 'parameter fc.weight Float [5, 12]' as on worker 0, found "
            "'parameter fc.weight Float [7, 12]' on worker " +
                std::to_string(other) +
                ". Build the module and its options alike on every worker.");
}

DGA_ENGINE_TEST(Accumulator, RefusesATotalThatIsNotTheSumOfAllSamples) {
  auto net = build(mlp_job(), 1);
  GradientAccumulator accumulator(environment, net, sgd());
  const auto loss = [&] { return net->forward(at::ones({2, 12}), 0, 0).square().mean(); };
  accumulator.expect_samples(2 * environment.workers());
  accumulator.backward(loss(), 2);
  accumulator.step();
  accumulator.expect_samples(2 * environment.workers() + 1);
  accumulator.backward(loss(), 2);
  const std::string text = test::error_of<InvalidArgument>([&] { accumulator.step(); });
  EXPECT_THAT(text, testing::StartsWith("[parallel] step: expected "));
  EXPECT_THAT(text, testing::HasSubstr("samples over all workers"));
}

DGA_ENGINE_TEST(Accumulator, LeavesEverythingAloneInAStepWithoutSamples) {
  Job job = mlp_job();
  job.factory = adamw();
  job.samples = [](int worker, int micro, std::int64_t step) {
    return step == 1 ? std::int64_t{0} : uneven(worker, micro, step);
  };
  expect_bits_of_the_loop_over_shards(environment, job);
}

DGA_ENGINE_TEST(Accumulator, LetsWorkersTalkBetweenBackwardAndStep) {
  auto net = build(mlp_job(), 1);
  AccumulatorOptions options;
  options.bucket_bytes = 512;
  GradientAccumulator accumulator(environment, net, sgd(), options);
  for (int step = 0; step < 3; ++step) {
    const bool has_samples = environment.rank() != 0 || step == 0;
    if (has_samples) {
      accumulator.backward(net->forward(at::ones({2, 12}), 0, 0).square().mean(), 2);
    }
    std::int64_t busy = has_samples ? 1 : 0;
    environment.world().all_reduce({&busy, 1}, ReduceOp::sum, "busy");
    EXPECT_EQ(busy, environment.workers() - (step == 0 ? 0 : 1));
    accumulator.step();
  }
  EXPECT_EQ(accumulator.num_steps(), 3);
}

}  // namespace
}  // namespace dga::test
