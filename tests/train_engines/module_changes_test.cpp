// SPDX-License-Identifier: Apache-2.0
//
// What a program may do to the module of an accumulator: replace, register and freeze its parts,
// and give its tensors other memory.

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <torch/nn/modules/dropout.h>

#include "tests/support/error_of.h"
#include "tests/train_engines/small_loop.h"

namespace dga::test {
namespace {

using testing::HasSubstr;

constexpr const char* kAnother =
    ". Make another accumulator after registering, removing or replacing parameters or modules.";

/// Two layers, which a program may replace.
struct TwoLayers : torch::nn::Module {
  TwoLayers() {
    first = register_module("first", torch::nn::Linear(7, 7));
    drop = register_module("drop", torch::nn::Dropout(0.0));
    second = register_module("second", torch::nn::Linear(7, 3));
    const at::NoGradGuard no_grad;
    for (at::Tensor& parameter : parameters()) {
      parameter.copy_(
          (at::arange(parameter.numel(), at::kFloat) * 0.7).sin().reshape_as(parameter));
    }
  }
  at::Tensor loss(int worker, std::int64_t step) {
    return second(drop(first(inputs(worker, step)).tanh())).square().mean();
  }

  torch::nn::Linear first{nullptr};
  torch::nn::Dropout drop{nullptr};
  torch::nn::Linear second{nullptr};
};

void step_with(GradientAccumulator& accumulator, TwoLayers& net, int worker) {
  accumulator.backward(net.loss(worker, accumulator.num_steps()), 2);
  EXPECT_TRUE(accumulator.step());
}

void plain_step(torch::optim::Optimizer& optimizer, TwoLayers& net, int workers,
                std::int64_t step) {
  optimizer.zero_grad();
  for (int worker = 0; worker < workers; ++worker) {
    (net.loss(worker, step) / workers).backward();
  }
  optimizer.step();
}

void expect_same(const TwoLayers& net, const TwoLayers& expected) {
  expect_near(*net.first, *expected.first);
  expect_near(*net.second, *expected.second);
}

DGA_ENGINE_TEST(ModuleChanges, AParameterThatIsUnfrozenIsRefused) {
  auto net = constant_net();
  net->bias.requires_grad_(false);
  GradientAccumulator accumulator(environment, net, plain_sgd());
  take_steps(accumulator, *net, environment.rank(), 1);
  net->bias.requires_grad_(true);
  accumulator.backward(squares_of(*net, environment.rank(), 1), 2);
  EXPECT_EQ(error_of<InvalidArgument>([&] { accumulator.step(); }),
            "[parallel] parameter 'bias': expected it frozen as when the accumulator was made, "
            "found that it requires a gradient. Make another accumulator to train it.");
}

DGA_ENGINE_TEST(ModuleChanges, OtherParametersAreRefusedInTheNextStep) {
  const std::vector<std::pair<std::function<void(TwoLayers&)>, std::string>> changes = {
      {[](TwoLayers& net) { net.second = net.replace_module("second", torch::nn::Linear(7, 3)); },
       "'second.weight' as when the accumulator was made, found another tensor in its place"},
      {[](TwoLayers& net) { net.register_module("extra", torch::nn::Linear(2, 2)); },
       "4 parameters as when the accumulator was made, found 6, with a new 'extra.weight'"},
      {[](TwoLayers& net) { net.first->register_parameter("scale", at::ones({7})); },
       "4 parameters as when the accumulator was made, found 5, with a new 'first.scale'"},
      {[](TwoLayers& net) { net.unregister_module("first"); },
       "4 parameters as when the accumulator was made, found 2, without 'first.weight'"},
  };
  for (const auto& [change, found] : changes) {
    auto net = std::make_shared<TwoLayers>();
    GradientAccumulator accumulator(environment, net, plain_sgd());
    step_with(accumulator, *net, environment.rank());
    change(*net);
    accumulator.backward(net->loss(environment.rank(), 1), 2);
    EXPECT_EQ(error_of<InvalidArgument>([&] { accumulator.step(); }),
              "[parallel] module: expected " + found + kAnother);
    EXPECT_EQ(accumulator.num_steps(), 1);
    environment.world().barrier();
  }
}

DGA_ENGINE_TEST(ModuleChanges, ModulesWithoutParametersMayBeReplaced) {
  auto net = std::make_shared<TwoLayers>();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  TwoLayers alone;
  torch::optim::SGD optimizer(alone.parameters(), plain_options());
  for (int step = 0; step < 3; ++step) {
    if (step == 1) {
      net->drop = net->replace_module("drop", torch::nn::Dropout(0.0));
    }
    step_with(accumulator, *net, environment.rank());
    plain_step(optimizer, alone, environment.workers(), step);
  }
  expect_same(*net, alone);
  // What is compared now is the module with the new part.
  net->drop->register_parameter("late", at::ones({1}));
  accumulator.backward(net->loss(environment.rank(), 3), 2);
  EXPECT_THAT(error_of<InvalidArgument>([&] { accumulator.step(); }),
              HasSubstr("with a new 'drop.late'"));
}

DGA_ENGINE_TEST(ModuleChanges, AParameterInAnotherOrderOfItsOwnMemoryIsTakenOver) {
  for (const bool before_backward : {true, false}) {
    auto net = std::make_shared<TwoLayers>();
    GradientAccumulator accumulator(environment, net, plain_sgd());
    TwoLayers alone;
    torch::optim::SGD optimizer(alone.parameters(), plain_options());
    for (int step = 0; step < 4; ++step) {
      const auto turn = [&](TwoLayers& module) {
        if (step % 2 == 1) {
          module.first->weight.set_data(module.first->weight.data().t());
        }
      };
      if (before_backward) {
        turn(*net);
        turn(alone);
      }
      accumulator.backward(net->loss(environment.rank(), step), 2);
      optimizer.zero_grad();
      for (int worker = 0; worker < environment.workers(); ++worker) {
        (alone.loss(worker, step) / environment.workers()).backward();
      }
      if (!before_backward) {
        turn(*net);
        turn(alone);
      }
      EXPECT_TRUE(accumulator.step());
      optimizer.step();
    }
    expect_same(*net, alone);
    EXPECT_TRUE(net->first->weight.is_contiguous());
  }
}

DGA_ENGINE_TEST(ModuleChanges, MemoryOfAnotherTensorIsRefused) {
  const auto net = std::make_shared<TwoLayers>();
  const at::Tensor large = net->register_parameter("large", at::zeros({9, 7}));
  const at::Tensor fixed =
      net->register_parameter("fixed", at::zeros({7, 7}), /*requires_grad=*/false);
  const at::Tensor buffer = net->register_buffer("buffer", at::zeros({7, 7}));
  GradientAccumulator accumulator(environment, net, plain_sgd());
  const std::vector<std::pair<at::Tensor, std::string>> others = {
      {large.data().narrow(0, 2, 7), "large"}, {fixed.data(), "fixed"}, {buffer, "buffer"}};
  const at::Tensor own = net->first->weight.data();
  for (const auto& [memory, name] : others) {
    net->first->weight.set_data(memory);
    accumulator.backward(net->loss(environment.rank(), 0), 2);
    EXPECT_EQ(error_of<InvalidArgument>([&] { accumulator.step(); }),
              "[parallel] parameter 'first.weight': expected memory of its own as when the "
              "accumulator was made, found that of '" +
                  name + "'. Tie parameters before, or make another accumulator.");
    net->first->weight.set_data(own);
  }
  step_with(accumulator, *net, environment.rank());
}

DGA_ENGINE_TEST(ModuleChanges, GradientsWithOtherMemoryAreRefused) {
  const std::vector<std::function<void(const at::Tensor&)>> edits = {
      [](const at::Tensor& gradient) {
        gradient.set_data(at::zeros({7, 7}));
      },
      [](const at::Tensor& gradient) { gradient.set_data(gradient.data().t()); },
  };
  for (const auto& edit : edits) {
    auto net = std::make_shared<TwoLayers>();
    GradientAccumulator accumulator(environment, net, plain_sgd());
    TwoLayers alone;
    torch::optim::SGD optimizer(alone.parameters(), plain_options());
    accumulator.backward(net->loss(environment.rank(), 0), 2);
    edit(net->first->weight.grad());
    EXPECT_EQ(error_of<InvalidArgument>([&] { accumulator.step(); }),
              "[parallel] gradient of 'first.weight': expected it as backward left it, found it "
              "edited or replaced. Scale the loss instead, use clip_norm, or change the reduced "
              "gradients in on_gradients.");
    for (int step = 0; step < 3; ++step) {
      accumulator.backward(net->loss(environment.rank(), step), 2);
      const at::Tensor gradient = net->first->weight.grad();
      EXPECT_TRUE(accumulator.step());
      plain_step(optimizer, alone, environment.workers(), step);
      edit(gradient);  // which nobody needs any more
    }
    expect_same(*net, alone);
  }
}

DGA_ENGINE_TEST(ModuleChanges, TheAverageIsShownInThePlaceOfLoadedValues) {
  auto net = constant_net();
  AccumulatorOptions options;
  options.ema_decay = 0.5;
  GradientAccumulator accumulator(environment, net, plain_sgd(), options);
  take_steps(accumulator, *net, environment.rank(), 2);
  accumulator.use_average(true);
  const at::Tensor average = net->weight.detach().clone();
  accumulator.use_average(false);
  net->weight.set_data(at::full({3, 7}, 0.3F));
  for (int i = 0; i < 2; ++i) {
    accumulator.use_average(true);
    EXPECT_TRUE(net->weight.equal(average));
    net->bias.set_data(at::full({3}, 9.0F));  // of the average, which goes away
    accumulator.use_average(false);
    EXPECT_TRUE(net->weight.equal(at::full({3, 7}, 0.3F)));
    EXPECT_LT(net->bias.max().item<float>(), 9);
  }
  take_steps(accumulator, *net, environment.rank(), 1);
  EXPECT_LT((net->weight - 0.3).abs().max().item<float>(), 0.2);
}

DGA_ENGINE_TEST(ModuleChanges, ValuesThatDifferAreRefusedBeforeTheAverageIsShown) {
  if (environment.workers() < 2) {
    return;
  }
  auto net = constant_net();
  AccumulatorOptions options;
  options.ema_decay = 0.5;
  GradientAccumulator accumulator(environment, net, plain_sgd(), options);
  const at::Tensor own = net->weight.data();
  if (environment.rank() == 1) {
    net->weight.set_data(at::ones({3, 7}));
  }
  EXPECT_THAT(error_of<InvalidArgument>([&] { accumulator.use_average(true); }),
              HasSubstr("Load the same values on every worker, or in update_parameters."));
  net->weight.set_data(own);
  take_steps(accumulator, *net, environment.rank(), 2);
  expect_near(*net, *trained_alone(environment.workers(), 2));
}

DGA_ENGINE_TEST(ModuleChanges, AnUpdateTakesLoadedValuesOverFirst) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  net->weight.set_data(at::full({3, 7}, 0.3F));
  accumulator.update_parameters([&] { net->bias.fill_(0.15); });
  EXPECT_TRUE(net->weight.equal(at::full({3, 7}, 0.3F)));
  take_steps(accumulator, *net, environment.rank(), 3);
  expect_near(*net, *trained_alone(environment.workers(), 3, 0.3));
}

DGA_ENGINE_TEST(ModuleChanges, AnUpdateTellsOfChangesInPlaceBeforeItMendsThem) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  for (int i = 0; i < 2; ++i) {
    {
      const at::NoGradGuard no_grad;
      net->weight.mul_(0.5);
    }
    environment.world().barrier();
    const auto reset = [&] { net->weight.fill_(0.3), net->bias.fill_(0.15); };
    EXPECT_THAT(error_of<InvalidArgument>([&] { accumulator.update_parameters(reset); }),
                HasSubstr("parameter 'weight': expected it as step() left it, found it changed in "
                          "place."));
    accumulator.update_parameters(reset);
  }
  take_steps(accumulator, *net, environment.rank(), 3);
  expect_near(*net, *trained_alone(environment.workers(), 3, 0.3));
}

DGA_ENGINE_TEST(ModuleChanges, BuffersThatAreRegisteredLaterAreSynchronized) {
  const auto mean_of_ranks = at::full({2}, (environment.workers() - 1) / 2.0, at::kDouble);
  auto net = std::make_shared<TwoLayers>();
  net->drop->register_buffer("old", at::zeros({2}));
  GradientAccumulator accumulator(environment, net, plain_sgd());
  step_with(accumulator, *net, environment.rank());
  net->drop = net->replace_module("drop", torch::nn::Dropout(0.0));
  const at::Tensor buffer =
      net->drop->register_buffer("new", at::full({2}, environment.rank(), at::kDouble));
  step_with(accumulator, *net, environment.rank());
  accumulator.synchronize_buffers();
  EXPECT_TRUE(buffer.allclose(mean_of_ranks));
  accumulator.update_parameters([&] { buffer.fill_(7); });
  EXPECT_TRUE(buffer.equal(at::full({2}, 7, at::kDouble)));
  if (environment.workers() < 2) {
    return;
  }
  if (environment.rank() == 1) {
    net->register_buffer("more", at::zeros({1}));
  }
  EXPECT_EQ(error_of<InvalidArgument>([&] { accumulator.synchronize_buffers(); }),
            "[parallel] buffers of the module: expected 'buffer drop.new Double [2]' as on worker "
            "0, found 'buffer more Float [1]' on worker 1. Register them alike on every worker.");
}

}  // namespace
}  // namespace dga::test
