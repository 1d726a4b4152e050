// SPDX-License-Identifier: Apache-2.0
//
// What a program may do to module, gradients and optimiser between the calls of an accumulator:
// it works, or throws at once; on every engine and number of workers.

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/serialize.h>

#include <limits>
#include <set>
#include <sstream>
#include <stdexcept>

#include "tests/support/error_of.h"
#include "tests/train_engines/small_loop.h"

namespace dga::test {
namespace {

using testing::HasSubstr;

DGA_ENGINE_TEST(BetweenCalls, ValuesThatAreLoadedIntoTheModuleAreTakenOver) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  const auto loaded = constant_net(0.3);
  net->weight.set_data(loaded->weight.detach().clone());  // as torch::load does
  net->bias.set_data(loaded->bias.detach().clone());
  take_steps(accumulator, *net, environment.rank(), 3);
  expect_near(*net, *trained_alone(environment.workers(), 3, 0.3));
}

DGA_ENGINE_TEST(BetweenCalls, ValuesThatOnlySomeWorkersLoadAreRefusedOnAll) {
  if (environment.workers() < 2) {
    return;
  }
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  if (environment.rank() == 1) {
    net->bias.set_data(at::ones({3}));
  }
  accumulator.backward(squares_of(*net, environment.rank(), 0), 2);
  EXPECT_THAT(error_of<InvalidArgument>([&] { accumulator.step(); }),
              HasSubstr("Load the same values on every worker, or in update_parameters."));
  environment.world().barrier();
}

DGA_ENGINE_TEST(BetweenCalls, AConversionIsRefused) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  net->to(at::kDouble);
  const at::Tensor loss = net->forward(inputs(0, 0).to(at::kDouble)).square().mean();
  EXPECT_EQ(
      error_of<InvalidArgument>([&] { accumulator.backward(loss, 2); }),
      "[parallel] parameter 'weight': expected Float [3, 7] as when the accumulator was made, "
      "found Double [3, 7]. Convert the module before, or make another accumulator.");
  environment.world().barrier();
}

DGA_ENGINE_TEST(BetweenCalls, ParametersChangeInPlaceThroughUpdateParametersOnly) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  take_steps(accumulator, *net, environment.rank(), 1);
  const at::Tensor before = net->weight.detach().clone();
  accumulator.update_parameters([&] { net->weight.mul_(0.5); });
  EXPECT_TRUE(net->weight.equal(before * 0.5)) << "once, however many workers there are";
  take_steps(accumulator, *net, environment.rank(), 1);
  accumulator.update_parameters([&] { net->bias.set_data(at::full({3}, 2.0F)); });
  EXPECT_TRUE(net->bias.equal(at::full({3}, 2.0F)));
  take_steps(accumulator, *net, environment.rank(), 1);
  EXPECT_FALSE(net->bias.equal(at::full({3}, 2.0F)));
  environment.world().barrier();
  {
    const at::NoGradGuard no_grad;
    net->weight.add_(0.0);
  }
  EXPECT_EQ(error_of<InvalidArgument>(
                [&] { accumulator.backward(squares_of(*net, environment.rank(), 0), 2); }),
            "[parallel] parameter 'weight': expected it as step() left it, found it changed in "
            "place. The workers of a node share it, so change or load it in "
            "accumulator.update_parameters.");
  environment.world().barrier();
}

/// A layer that trains, a frozen one, and a buffer.
struct HalfFrozen : torch::nn::Module {
  HalfFrozen() {
    const at::NoGradGuard no_grad;
    head = register_module("head", torch::nn::Linear(7, 3));
    body = register_module("body", torch::nn::Linear(7, 7));
    scale = register_buffer("scale", at::ones({7}));
    for (at::Tensor& parameter : parameters()) {
      parameter.fill_(0.5);
    }
    for (at::Tensor& parameter : body->parameters()) {
      parameter.set_requires_grad(false);
    }
  }
  at::Tensor forward(const at::Tensor& x) { return head(body(x) * scale); }

  torch::nn::Linear head{nullptr};
  torch::nn::Linear body{nullptr};
  at::Tensor scale;
};

DGA_ENGINE_TEST(BetweenCalls, AnUpdateReachesFrozenParametersAndBuffersOfAllWorkers) {
  const auto net = std::make_shared<HalfFrozen>();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  const std::vector<std::pair<float, std::function<void()>>> changes = {
      {2, [&] { net->body->weight.fill_(2); }},
      {3,
       [&] {
         net->body->weight.set_data(at::full({7, 7}, 3.0F));
       }},
      {4, [&] { net->body->weight.data().fill_(4); }},
  };
  for (const auto& [value, change] : changes) {
    accumulator.update_parameters(change);
    EXPECT_TRUE(net->body->weight.equal(at::full({7, 7}, value))) << value;
  }
  accumulator.update_parameters([&] { net->scale.set_data(at::full({7}, 5.0F)); });
  EXPECT_TRUE(net->scale.equal(at::full({7}, 5.0F)));
  EXPECT_EQ(error_of<InvalidArgument>([&] {
              accumulator.update_parameters([&] {
                net->body->weight.fill_(6);
                net->scale.set_data(at::ones({8}));
              });
            }),
            "[parallel] update_parameters: expected 'scale' to stay Float [7], found Float [8]. "
            "Convert the module before, or make another accumulator.");
  EXPECT_TRUE(net->body->weight.equal(at::full({7, 7}, 4.0F)));
  EXPECT_TRUE(net->scale.equal(at::full({7}, 5.0F)));
  environment.world().barrier();
}

DGA_ENGINE_TEST(BetweenCalls, GradientsThatAreEditedOrReplacedAreRefused) {
  const std::vector<std::function<void(Linear&)>> edits = {
      [](Linear& net) { net.weight.mutable_grad().div_(2); },
      [](Linear& net) {
        net.weight.mutable_grad() = at::zeros({3, 7});
      },
      [](Linear& net) { net.weight.mutable_grad().reset(); },
  };
  for (const auto& edit : edits) {
    for (const int micro_steps : {1, 2}) {
      auto net = constant_net();
      GradientAccumulator accumulator(environment, net, plain_sgd(), {.micro_steps = micro_steps});
      accumulator.backward(squares_of(*net, environment.rank(), 0), 2);
      edit(*net);
      const std::string expected =
          "[parallel] gradient of 'weight': expected it as backward left it, found it edited or "
          "replaced. Scale the loss instead, use clip_norm, or change the reduced gradients in "
          "on_gradients.";
      EXPECT_EQ(error_of<InvalidArgument>([&] {
                  if (micro_steps == 1) {
                    accumulator.step();
                  } else {
                    accumulator.backward(squares_of(*net, environment.rank(), 0), 2);
                  }
                }),
                expected);
      environment.world().barrier();
    }
  }
}

DGA_ENGINE_TEST(BetweenCalls, ClippingEachWorkersOwnGradientIsRefused) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  accumulator.backward(squares_of(*net, environment.rank(), 0), 2);
  torch::nn::utils::clip_grad_norm_(net->parameters(), 1e-3);
  EXPECT_THAT(error_of<InvalidArgument>([&] { accumulator.step(); }),
              HasSubstr("found it edited or replaced. Scale the loss instead, use clip_norm"));
  take_steps(accumulator, *net, environment.rank(), 2);
  expect_near(*net, *trained_alone(environment.workers(), 2));
}

DGA_ENGINE_TEST(BetweenCalls, ChangesThroughDataAreFoundWhereAskedFor) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd(), {.find_all_changes = true});
  take_steps(accumulator, *net, environment.rank(), 1);
  environment.world().barrier();
  if (environment.is_root()) {
    net->weight.data()[1][2] = 5;
  }
  environment.world().barrier();
  EXPECT_THAT(error_of<InvalidArgument>([&] { accumulator.step(); }),
              HasSubstr("parameter 'weight': expected it as step() left it, found it changed"));
  accumulator.update_parameters([&] { net->weight.data().fill_(0.25); });
  EXPECT_TRUE(net->weight.equal(at::full({3, 7}, 0.25)));
  take_steps(accumulator, *net, environment.rank(), 1);
}

DGA_ENGINE_TEST(BetweenCalls, FilesAreLoadedInUpdateParameters) {
  const auto saved = constant_net(0.3);
  std::stringstream file;
  torch::save(saved, file);
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  accumulator.update_parameters([&] { torch::load(net, file); });
  take_steps(accumulator, *net, environment.rank(), 3);
  expect_near(*net, *trained_alone(environment.workers(), 3, 0.3));
}

DGA_ENGINE_TEST(BetweenCalls, TiesByMemoryStayTiesAndLaterOnesAreRefused) {
  const auto tied_net = [](bool tied) {
    auto net = std::make_shared<Linear>(3, 3);
    const at::Tensor other = net->register_parameter("other", at::full({3, 3}, 0.2));
    const at::NoGradGuard no_grad;
    net->weight.fill_(0.2);
    net->bias.fill_(0);
    if (tied) {
      net->named_parameters()["other"].set_data(net->weight);
    }
    return net;
  };
  const auto loss_of = [](Linear& net, int worker) {
    const at::Tensor input = (at::arange(6, at::kFloat) + worker).sin().reshape({2, 3});
    return net.forward(input).matmul(net.named_parameters()["other"]).square().mean();
  };
  auto net = tied_net(true);
  GradientAccumulator accumulator(environment, net, plain_sgd());
  auto alone = std::make_shared<Linear>(3, 3);
  {
    const at::NoGradGuard no_grad;
    alone->weight.fill_(0.2);
    alone->bias.fill_(0);
  }
  torch::optim::SGD optimizer(alone->parameters(), plain_options());
  for (int step = 0; step < 3; ++step) {
    accumulator.backward(loss_of(*net, environment.rank()), 2);
    accumulator.step();
    optimizer.zero_grad();
    for (int worker = 0; worker < environment.workers(); ++worker) {
      const at::Tensor input = (at::arange(6, at::kFloat) + worker).sin().reshape({2, 3});
      (alone->forward(input).matmul(alone->weight).square().mean() / environment.workers())
          .backward();
    }
    optimizer.step();
  }
  expect_near(*net, *alone);
  EXPECT_EQ(net->named_parameters()["other"].const_data_ptr(), net->weight.const_data_ptr());

  auto later = tied_net(false);
  GradientAccumulator second(environment, later, plain_sgd());
  later->named_parameters()["other"].set_data(later->weight);
  second.backward(loss_of(*later, environment.rank()), 2);
  EXPECT_THAT(
      error_of<InvalidArgument>([&] { second.step(); }),
      HasSubstr("expected memory of its own as when the accumulator was made, found that of "
                "'weight'. Tie parameters before, or make another accumulator."));
}

DGA_ENGINE_TEST(BetweenCalls, ConstantBuffersStayAsTheyAreWhenTheyAreSynchronized) {
  auto net = constant_net();
  const double lowest = std::numeric_limits<double>::lowest();
  at::Tensor constant = net->register_buffer("constant", at::full({2}, lowest, at::kDouble));
  at::Tensor mean = net->register_buffer("mean", at::full({2}, environment.rank(), at::kDouble));
  GradientAccumulator accumulator(environment, net, plain_sgd());
  mean.fill_(environment.rank());
  accumulator.synchronize_buffers(3);
  EXPECT_TRUE(constant.equal(at::full({2}, lowest, at::kDouble)));
  EXPECT_TRUE(mean.allclose(at::full({2}, (environment.workers() - 1) / 2.0, at::kDouble)));
}

DGA_ENGINE_TEST(BetweenCalls, ExpandedBuffersAreNamed) {
  auto net = constant_net();
  net->register_buffer("wide", at::zeros({1}).expand({4}));
  EXPECT_EQ(error_of<InvalidArgument>(
                [&] { const GradientAccumulator accumulator(environment, net, plain_sgd()); }),
            "[parallel] buffer 'wide': expected memory of its own for each element, found a tensor "
            "that was expanded. Register expanded.contiguous().");
}

DGA_ENGINE_TEST(BetweenCalls, ASecondAccumulatorOverTheSameModuleChangesNothing) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  take_steps(accumulator, *net, environment.rank(), 1);
  EXPECT_THROW(GradientAccumulator(environment, net, plain_sgd()), InvalidArgument);
  take_steps(accumulator, *net, environment.rank(), 1);
  expect_near(*net, *trained_alone(environment.workers(), 2));
}

DGA_ENGINE_TEST(BetweenCalls, OnGradientsSeesAndChangesAllReducedGradients) {
  auto net = constant_net();
  std::int64_t elements = 0;
  std::set<std::string> names;
  AccumulatorOptions options;
  options.on_gradients = [&](std::span<const GradientSlice> slices) {
    for (const GradientSlice& slice : slices) {
      elements += slice.values.numel();
      names.insert(std::string(slice.name));
      EXPECT_LE(slice.first + slice.values.numel(), slice.name == "weight" ? 21 : 3);
      slice.values.div_(1024);
    }
  };
  GradientAccumulator accumulator(environment, net, plain_sgd(), options);
  for (int step = 0; step < 3; ++step) {
    accumulator.backward(squares_of(*net, environment.rank(), step) * 1024, 2);
    accumulator.step();
  }
  expect_near(*net, *trained_alone(environment.workers(), 3));
  environment.world().all_reduce({&elements, 1});
  EXPECT_EQ(elements, 3 * (21 + 3));
  if (environment.workers() == 1) {
    EXPECT_EQ(names, (std::set<std::string>{"weight", "bias"}));
  }
}

DGA_ENGINE_TEST(BetweenCalls, ABackwardThatIsRefusedChangesNothing) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  for (int step = 0; step < 2; ++step) {
    EXPECT_THAT(
        error_of<InvalidArgument>(
            [&] { accumulator.backward(net->forward(inputs(environment.rank(), step)), 1000); }),
        HasSubstr("expected a scalar loss that depends on the parameters, found a tensor of "
                  "shape [2, 3]."));
    take_steps(accumulator, *net, environment.rank(), 1);
  }
  expect_near(*net, *trained_alone(environment.workers(), 2));
}

DGA_ENGINE_TEST(BetweenCalls, AnExceptionInBackwardIsAsIfItHadNotBeenCalled) {
  for (const bool overlap : {false, true}) {
    auto net = constant_net();
    GradientAccumulator accumulator(environment, net, plain_sgd(), {.overlap = overlap});
    const at::Tensor hidden = net->forward(inputs(environment.rank(), 0));
    hidden.register_hook(
        [](const at::Tensor&) -> at::Tensor { throw std::runtime_error("no gradient today"); });
    EXPECT_THROW(accumulator.backward(hidden.square().mean(), 5), std::runtime_error);
    if (overlap && environment.world().placement().num_nodes() > 1) {
      // The nodes have begun to reduce: this step is lost, on all workers alike.
      EXPECT_THAT(error_of<InvalidArgument>([&] { accumulator.step(); }),
                  HasSubstr("found those of a backward that threw: no gradient today. The step is "
                            "refused on every worker; the next one works."));
    }
    take_steps(accumulator, *net, environment.rank(), 2);
    expect_near(*net, *trained_alone(environment.workers(), 2));
  }
}

DGA_ENGINE_TEST(BetweenCalls, AnExceptionInALaterBackwardRefusesTheStepOnAllWorkers) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd(), {.micro_steps = 3});
  accumulator.backward(squares_of(*net, environment.rank(), 0), 2);
  const int last = environment.workers() - 1;
  if (environment.rank() == last) {
    const at::Tensor hidden = net->forward(inputs(environment.rank(), 0));
    hidden.register_hook(
        [](const at::Tensor&) -> at::Tensor { throw std::runtime_error("no gradient today"); });
    EXPECT_THROW(accumulator.backward(hidden.square().mean(), 5), std::runtime_error);
    EXPECT_THAT(error_of<InvalidArgument>(
                    [&] { accumulator.backward(squares_of(*net, environment.rank(), 0), 2); }),
                HasSubstr("Call step(), which then refuses the step on every worker, or "
                          "zero_grad()."));
  }
  EXPECT_EQ(error_of<InvalidArgument>([&] { accumulator.step(); }),
            str("[parallel] step: expected whole gradients on worker ", last,
                ", found those of a backward that threw: no gradient today. The step is refused on "
                "every worker; the next one works."));
  EXPECT_EQ(accumulator.num_steps(), 0);
  take_steps(accumulator, *net, environment.rank(), 2);
  expect_near(*net, *trained_alone(environment.workers(), 2));
}

DGA_ENGINE_TEST(BetweenCalls, ZeroGradDiscardsWhatOneWorkerHasSinceTheLastStep) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd(), {.micro_steps = 2});
  accumulator.backward(squares_of(*net, environment.rank(), 7), 2);
  accumulator.zero_grad();
  take_steps(accumulator, *net, environment.rank(), 2);
  expect_near(*net, *trained_alone(environment.workers(), 2));
}

DGA_ENGINE_TEST(BetweenCalls, GradientsOfInputsMayBeComputedByAnyBackward) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  for (int step = 0; step < 2; ++step) {
    const at::Tensor input = inputs(environment.rank(), step).requires_grad_(true);
    net->forward(input).sum().backward();
    EXPECT_TRUE(input.grad().allclose(net->weight.detach().sum(0).expand_as(input)));
    net->zero_grad();
    take_steps(accumulator, *net, environment.rank(), 1);
  }
  expect_near(*net, *trained_alone(environment.workers(), 2));
}

DGA_ENGINE_TEST(BetweenCalls, AnotherBackwardInThePlaceOfTheAccumulatorsIsRefused) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  squares_of(*net, environment.rank(), 0).backward();
  EXPECT_EQ(error_of<InvalidArgument>([&] { accumulator.step(); }),
            "[parallel] gradient of 'weight': expected it from GradientAccumulator::backward, "
            "found another backward. Replace loss.backward() by accumulator.backward(loss, "
            "num_samples), or call the module's zero_grad() after computing gradients of inputs.");
  take_steps(accumulator, *net, environment.rank(), 2);
  expect_near(*net, *trained_alone(environment.workers(), 2));
}

DGA_ENGINE_TEST(BetweenCalls, AGraphFromBeforeTheStepIsRefusedByTorch) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  const at::Tensor input = inputs(environment.rank(), 0).requires_grad_(true);
  const at::Tensor old = net->forward(input).square().mean();
  take_steps(accumulator, *net, environment.rank(), 1);
  EXPECT_THROW(accumulator.backward(old, 2), c10::Error);
  if (environment.world().placement().num_nodes() > 1) {
    EXPECT_THROW(accumulator.step(), InvalidArgument);
  }
  take_steps(accumulator, *net, environment.rank(), 1);
  expect_near(*net, *trained_alone(environment.workers(), 2));
}

}  // namespace
}  // namespace dga::test
