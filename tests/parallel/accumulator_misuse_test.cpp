// SPDX-License-Identifier: Apache-2.0
//
// What GradientAccumulator answers to mistakes, and what it warns about; on threads.

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <limits>
#include <mutex>

#include "dga/base/error.h"
#include "dga/launch/launch.h"
#include "dga/parallel/gradient_accumulator.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

using testing::HasSubstr;

OptimizerFactory sgd() {
  return optimizer_factory<torch::optim::SGD>(torch::optim::SGDOptions(0.1));
}

std::shared_ptr<torch::nn::LinearImpl> linear() {
  return std::make_shared<torch::nn::LinearImpl>(4, 3);
}

at::Tensor loss_of(torch::nn::LinearImpl& net, double scale = 1) {
  return (net.forward(at::ones({2, 4})) * scale).square().mean();
}

void launch_threads(int workers, const Worker& worker) {
  launch({.engine = Engine::threads, .workers = workers, .timeout_s = 20}, worker);
}

/// The text of the error that a launch of `workers` threads throws.
std::string launch_error(int workers, const Worker& worker) {
  return test::error_of([&] { launch_threads(workers, worker); });
}

TEST(AccumulatorMisuse, NamesTheParameterStepAndWorkerOfANonFiniteGradient) {
  const auto text = launch_error(3, [](Environment& env) {
    auto net = linear();
    GradientAccumulator accumulator(env, net, sgd());
    for (int step = 0; step < 5; ++step) {
      const bool bad = env.rank() == 2 && step == 3;
      accumulator.backward(loss_of(*net, bad ? std::numeric_limits<double>::infinity() : 1.0), 2);
      accumulator.step();
    }
  });
  EXPECT_THAT(text, HasSubstr("[parallel] gradient of '"));
  EXPECT_THAT(text, HasSubstr("' is not finite at step 3: expected numbers, found "));
  EXPECT_THAT(text, HasSubstr(", from worker 2. Lower the learning rate, set clip_norm, or look at "
                              "that step's samples."));
}

TEST(AccumulatorMisuse, TorchsOwnErrorsAreOneLineWithoutTheStackTrace) {
  const auto text = launch_error(1, [](Environment&) {
    at::ones({2, 3}).matmul(at::ones({2, 3}));
  });
  // torch's own words differ between versions.
  EXPECT_THAT(text, testing::StartsWith("[launch] worker 0 failed: m"));
  EXPECT_THAT(text, testing::EndsWith("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"));
}

TEST(AccumulatorMisuse, LetsNonFiniteGradientsPassWhereAskedTo) {
  EXPECT_NO_THROW(launch_threads(1, [](Environment& env) {
    auto net = linear();
    AccumulatorOptions options;
    options.on_nonfinite = OnNonfinite::ignore;
    GradientAccumulator accumulator(env, net, sgd(), options);
    accumulator.backward(loss_of(*net, std::numeric_limits<double>::infinity()), 2);
    accumulator.step();
    EXPECT_FALSE(net->weight.isfinite().any().item<bool>());
  }));
}

TEST(AccumulatorMisuse, RefusesMoreMicroStepsThanAgreed) {
  EXPECT_THAT(
      launch_error(1,
                   [](Environment& env) {
                     auto net = linear();
                     GradientAccumulator accumulator(env, net, sgd());
                     accumulator.backward(loss_of(*net), 2);
                     accumulator.backward(loss_of(*net), 2);
                   }),
      HasSubstr("[parallel] backward: expected at most 1 calls a step, found one more. Call "
                "step() first, or raise micro_steps."));
}

TEST(AccumulatorMisuse, RefusesLossesThatAreNone) {
  for (const bool vector : {false, true}) {
    EXPECT_THAT(
        launch_error(
            1,
            [&](Environment& env) {
              auto net = linear();
              GradientAccumulator accumulator(env, net, sgd());
              accumulator.backward(vector ? net->forward(at::ones({2, 4})) : at::Tensor(), 2);
            }),
        HasSubstr("[parallel] backward: expected a scalar loss that depends on the "
                  "parameters, found " +
                  std::string(vector ? "a tensor of shape [2, 3]" : "an undefined tensor")));
  }
}

TEST(AccumulatorMisuse, RefusesAModuleThatIsAttachedAlready) {
  EXPECT_THAT(
      launch_error(2,
                   [](Environment& env) {
                     auto net = linear();
                     const GradientAccumulator first(env, net, sgd());
                     const GradientAccumulator second(env, net, sgd());
                   }),
      HasSubstr("[parallel] parameter 'weight': expected no other post-accumulate hook, found "
                "one. A module can be in one accumulator at a time."));
}

TEST(AccumulatorMisuse, LetsGoOfTheModuleAgain) {
  EXPECT_NO_THROW(launch_threads(2, [](Environment& env) {
    auto net = linear();
    { const GradientAccumulator first(env, net, sgd()); }
    EXPECT_EQ(test::error_of<InvalidArgument>([&] {
                const GradientAccumulator failing(env, net, [](auto) { return nullptr; });
              }),
              "[parallel] optimizer factory: expected an optimiser, found null.");
    loss_of(*net).backward();
    EXPECT_TRUE(net->weight.grad().defined());
  }));
}

TEST(AccumulatorMisuse, RefusesModulesWithNothingToTrain) {
  EXPECT_THAT(launch_error(1,
                           [](Environment& env) {
                             auto net = linear();
                             for (auto& parameter : net->parameters()) {
                               parameter.requires_grad_(false);
                             }
                             const GradientAccumulator accumulator(env, net, sgd());
                           }),
              HasSubstr("expected a module with parameters that require a gradient, found none."));
}

TEST(AccumulatorMisuse, RefusesOptionsOutOfRange) {
  const auto with = [](const AccumulatorOptions& options) {
    return launch_error(1, [&](Environment& env) {
      const GradientAccumulator accumulator(env, linear(), sgd(), options);
    });
  };
  AccumulatorOptions options;
  options.micro_steps = 0;
  EXPECT_THAT(with(options), HasSubstr("[parallel] micro_steps: expected 1 or more, found 0."));
  options = {};
  options.clip_norm = -1;
  EXPECT_THAT(with(options),
              HasSubstr("[parallel] clip_norm: expected 0 (off) or more, found -1."));
  for (const double decay : {-0.1, 1.0}) {
    options = {};
    options.ema_decay = decay;
    EXPECT_THAT(with(options),
                HasSubstr(str("[parallel] ema_decay: expected 0 (off) or more, below 1, found ",
                              decay, ".")));
  }
  options = {};
  options.groups.emplace_back();
  EXPECT_THAT(with(options),
              HasSubstr("[parallel] parameter group 0: expected `contains` to be set."));
  EXPECT_THAT(
      launch_error(
          1, [](Environment& env) { const GradientAccumulator accumulator(env, nullptr, sgd()); }),
      HasSubstr("[parallel] GradientAccumulator: expected a module, found null."));
}

TEST(AccumulatorMisuse, TrainsOnlyTheParametersNotTheirAverage) {
  const auto with_average = [](const std::function<void(GradientAccumulator&, at::Tensor)>& call) {
    return launch_error(1, [&](Environment& env) {
      auto net = linear();
      AccumulatorOptions options;
      options.ema_decay = 0.9;
      GradientAccumulator accumulator(env, net, sgd(), options);
      accumulator.use_average(true);
      call(accumulator, loss_of(*net));
    });
  };
  const std::string rest =
      ": expected the parameters in the module, found their moving average. Call "
      "use_average(false) first.";
  EXPECT_THAT(
      with_average([](auto& accumulator, const auto& loss) { accumulator.backward(loss, 2); }),
      HasSubstr("[parallel] backward" + rest));
  EXPECT_THAT(with_average([](auto& accumulator, const auto&) { accumulator.step(); }),
              HasSubstr("[parallel] step" + rest));
}

TEST(AccumulatorMisuse, HasNoAverageUnlessAskedForOne) {
  EXPECT_THAT(launch_error(1,
                           [](Environment& env) {
                             GradientAccumulator accumulator(env, linear(), sgd());
                             accumulator.use_average(true);
                           }),
              HasSubstr("[parallel] use_average: expected a moving average, found that none is "
                        "kept. Set ema_decay."));
}

/// Ties its layers the wrong way: the registered tensor of `second` stays.
struct WronglyTied : torch::nn::Module {
  WronglyTied() {
    register_module("first", first);
    register_module("second", second);
    second->weight = first->weight;
  }
  torch::nn::Linear first{4, 4};
  torch::nn::Linear second{4, 4};
};

TEST(AccumulatorWarnings, TellOnceOfAParameterThatNeverGetsAGradient) {
  std::mutex mutex;
  std::vector<std::string> warnings;
  EXPECT_NO_THROW(launch_threads(2, [&](Environment& env) {
    auto net = std::make_shared<WronglyTied>();
    AccumulatorOptions options;
    options.warn_unused_after = 3;
    options.warn = [&](const std::string& text) {
      const std::lock_guard lock(mutex);
      warnings.push_back(text);
    };
    GradientAccumulator accumulator(env, net, sgd(), options);
    for (int step = 0; step < 8; ++step) {
      accumulator.backward(net->second(net->first(at::ones({2, 4}))).square().mean(), 2);
      accumulator.step();
    }
  }));
  EXPECT_THAT(warnings,
              testing::ElementsAre(
                  "[parallel] no gradient in 3 steps for 'second.weight'. Freeze what is meant to "
                  "stay (requires_grad_(false)). Assigning one module's tensor to another's member "
                  "does not tie them: register it there with register_parameter."));
}

TEST(AccumulatorRecorder, HasAnEntryForEveryStep) {
  EXPECT_NO_THROW(launch_threads(2, [](Environment& env) {
    auto net = linear();
    GradientAccumulator accumulator(env, net, sgd());
    for (int step = 0; step < 4; ++step) {
      accumulator.backward(loss_of(*net), 2);
      accumulator.step();
    }
    EXPECT_EQ(accumulator.recorder().num_steps(), 4);
    EXPECT_GT(accumulator.recorder().median(), 0);
    EXPECT_GT(accumulator.recorder().total(StepPhase::wait), 0);
  }));
}

TEST(AccumulatorMemory, IsOneCopyOfTheParametersForAllWorkersOfANode) {
  std::mutex mutex;
  std::vector<const void*> addresses;
  std::shared_ptr<torch::nn::LinearImpl> kept;
  EXPECT_NO_THROW(launch_threads(3, [&](Environment& env) {
    auto net = linear();
    const GradientAccumulator accumulator(env, net, sgd());
    const std::lock_guard lock(mutex);
    addresses.push_back(net->weight.const_data_ptr());
    if (env.is_root()) {
      kept = net;
    }
  }));
  EXPECT_THAT(addresses, testing::Each(addresses.front()));
  // A module outlives the run that trained it.
  EXPECT_EQ(kept->forward(at::zeros({1, 4})).sizes(), (std::vector<std::int64_t>{1, 3}));
}

}  // namespace
}  // namespace dga
