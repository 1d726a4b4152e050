// SPDX-License-Identifier: Apache-2.0
//
// Loops as users of DDP write them, beside the same loop in torch alone: averages by hand, frozen
// layers, schedulers, hooks, weights that the forward changes, copies of the module.

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <torch/autograd.h>
#include <torch/optim/schedulers/step_lr.h>
#include <torch/serialize.h>

#include <functional>
#include <sstream>

#include "tests/support/error_of.h"
#include "tests/train_engines/small_loop.h"

namespace dga::test {
namespace {

using testing::HasSubstr;

/// What a loop does to its module around a step; nothing by default.
struct Around {
  std::function<void(Linear&, int step)> before_forward = [](Linear&, int) {};
  std::function<void(Linear&, int step)> after_step = [](Linear&, int) {};
};

void train_with(const Environment& environment, Linear& net, GradientAccumulator& accumulator,
                int steps, const Around& around) {
  for (int step = 0; step < steps; ++step) {
    around.before_forward(net, step);
    accumulator.backward(squares_of(net, environment.rank(), step), 2);
    EXPECT_TRUE(accumulator.step());
    around.after_step(net, step);
  }
}

void train_plain(int workers, Linear& net, torch::optim::Optimizer& optimizer, int steps,
                 const Around& around) {
  for (int step = 0; step < steps; ++step) {
    around.before_forward(net, step);
    optimizer.zero_grad();
    at::Tensor loss = at::zeros({});
    for (int worker = 0; worker < workers; ++worker) {
      loss = loss + squares_of(net, worker, step) / workers;
    }
    loss.backward();
    optimizer.step();
    around.after_step(net, step);
  }
}

/// The same loop with an accumulator and in torch alone.
void expect_same_loop(const Environment& environment, const Around& around, int steps = 5) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  train_with(environment, *net, accumulator, steps, around);
  auto alone = constant_net();
  torch::optim::SGD optimizer(alone->parameters(), plain_options());
  train_plain(environment.workers(), *alone, optimizer, steps, around);
  expect_near(*net, *alone);
}

DGA_ENGINE_TEST(UserLoops, AnAverageByHandIsSwappedInAndOut) {
  std::vector<std::shared_ptr<Linear>> averages;
  const auto averaged = [&] {
    const auto average = constant_net();
    averages.push_back(average);
    return Around{.after_step = [average](Linear& net, int) {
      const at::NoGradGuard no_grad;
      const auto now = net.parameters();
      auto kept = average->parameters();
      for (std::size_t i = 0; i < now.size(); ++i) {
        kept[i].mul_(0.75).add_(now[i], 0.25);
        // For an evaluation.
        const at::Tensor& parameter = now[i];
        const at::Tensor own = parameter.data();
        parameter.set_data(kept[i].data());
        EXPECT_TRUE(parameter.equal(kept[i]));
        parameter.set_data(own);
      }
    }};
  };
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  train_with(environment, *net, accumulator, 5, averaged());
  auto alone = constant_net();
  torch::optim::SGD optimizer(alone->parameters(), plain_options());
  train_plain(environment.workers(), *alone, optimizer, 5, averaged());
  expect_near(*net, *alone);
  expect_near(*averages.front(), *averages.back());
}

DGA_ENGINE_TEST(UserLoops, AParameterIsFrozenForSomeSteps) {
  expect_same_loop(environment, {.before_forward = [](Linear& net, int step) {
                     net.bias.requires_grad_(step != 1 && step != 2);
                   }});
}

DGA_ENGINE_TEST(UserLoops, LayersThatAreUnfrozenTrainInTheNextAccumulator) {
  const auto net = constant_net();
  const auto alone = constant_net();
  for (const bool frozen : {true, false}) {
    net->bias.requires_grad_(!frozen);
    alone->bias.requires_grad_(!frozen);
    GradientAccumulator accumulator(environment, net, plain_sgd());
    train_with(environment, *net, accumulator, 3, {});
    torch::optim::SGD optimizer(alone->parameters(), plain_options());
    train_plain(environment.workers(), *alone, optimizer, 3, {});
    environment.world().barrier();
  }
  expect_near(*net, *alone);
}

DGA_ENGINE_TEST(UserLoops, ATorchSchedulerSetsTheRates) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  torch::optim::StepLR scheduler(accumulator.optimizer(), 2, 0.5);
  train_with(environment, *net, accumulator, 6,
             {.after_step = [&](Linear&, int) { scheduler.step(); }});
  auto alone = constant_net();
  torch::optim::SGD optimizer(alone->parameters(), plain_options());
  torch::optim::StepLR expected(optimizer, 2, 0.5);
  train_plain(environment.workers(), *alone, optimizer, 6,
              {.after_step = [&](Linear&, int) { expected.step(); }});
  expect_near(*net, *alone);
}

DGA_ENGINE_TEST(UserLoops, AHookScalesGradients) {
  expect_same_loop(
      environment, {.before_forward = [](Linear& net, int step) {
        if (step == 0) {
          net.weight.register_hook([](const at::Tensor& gradient) { return gradient * 0.5; });
        }
      }});
}

DGA_ENGINE_TEST(UserLoops, TheForwardNormalisesItsWeights) {
  expect_same_loop(environment, {.before_forward = [](Linear& net, int) {
                     const at::Tensor weight = net.weight.data();
                     net.weight.set_data(weight / weight.norm());
                   }});
}

DGA_ENGINE_TEST(UserLoops, WeightsAreClippedAndLoadedMidway) {
  std::stringstream saved;
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  train_with(environment, *net, accumulator, 4, {.after_step = [&](Linear& model, int step) {
               accumulator.update_parameters([&] { model.weight.clamp_(-0.05, 0.05); });
               if (step == 0 && environment.is_root()) {
                 torch::save(net, saved);
               }
               if (step == 2) {
                 accumulator.update_parameters([&] { torch::load(net, saved); });
               }
             }});
  std::stringstream expected;
  auto alone = constant_net();
  torch::optim::SGD optimizer(alone->parameters(), plain_options());
  train_plain(environment.workers(), *alone, optimizer, 4,
              {.after_step = [&](Linear& model, int step) {
                {
                  const at::NoGradGuard no_grad;
                  model.weight.clamp_(-0.05, 0.05);
                }
                if (step == 0) {
                  torch::save(alone, expected);
                }
                if (step == 2) {
                  torch::load(alone, expected);
                }
              }});
  expect_near(*net, *alone);
}

DGA_ENGINE_TEST(UserLoops, ACloneTrainsByItself) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  take_steps(accumulator, *net, environment.rank(), 2);
  const auto copy = std::dynamic_pointer_cast<Linear>(net->clone());
  const at::Tensor before = copy->weight.detach().clone();
  take_steps(accumulator, *net, environment.rank(), 1);
  EXPECT_TRUE(copy->weight.equal(before));
  torch::optim::SGD optimizer(copy->parameters(), torch::optim::SGDOptions(0.1));
  squares_of(*copy, 0, 0).backward();
  optimizer.step();
  EXPECT_FALSE(copy->weight.equal(before));
  take_steps(accumulator, *net, environment.rank(), 1);
  expect_near(*net, *trained_alone(environment.workers(), 4));
}

/// A layer whose weight is divided by an estimate of its largest singular value, which it improves
/// in each forward; the buffer for that is registered in the first.
struct SpectralNorm : torch::nn::Module {
  SpectralNorm() {
    weight = register_parameter("weight", (at::arange(21, at::kFloat) * 0.7).sin().reshape({3, 7}));
  }
  at::Tensor loss(int worker, std::int64_t step) {
    {
      const at::NoGradGuard no_grad;
      if (!direction.defined()) {
        direction = register_buffer("direction", at::ones({3}));
      }
      const at::Tensor back = weight.t().mv(direction);
      direction.copy_(weight.mv(back / back.norm()));
      direction.div_(direction.norm());
    }
    const at::Tensor sigma = direction.dot(weight.mv(weight.t().mv(direction)).detach()).sqrt();
    return inputs(worker, step).matmul((weight / sigma).t()).square().mean();
  }

  at::Tensor weight;
  at::Tensor direction;
};

DGA_ENGINE_TEST(UserLoops, ABufferThatTheForwardRegistersIsNoObstacle) {
  const auto net = std::make_shared<SpectralNorm>();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  SpectralNorm alone;
  torch::optim::SGD optimizer(alone.parameters(), plain_options());
  const at::Tensor unused;
  for (int step = 0; step < 4; ++step) {
    accumulator.backward(net->loss(environment.rank(), step), 2);
    EXPECT_TRUE(accumulator.step());
    optimizer.zero_grad();
    const at::Tensor before = alone.direction.defined() ? alone.direction.clone() : unused;
    for (int worker = 0; worker < environment.workers(); ++worker) {
      if (before.defined()) {
        alone.direction.copy_(before);  // each worker improves its own
      } else if (alone.direction.defined()) {
        alone.direction.fill_(1);
      }
      (alone.loss(worker, step) / environment.workers()).backward();
    }
    optimizer.step();
  }
  accumulator.synchronize_buffers();
  EXPECT_TRUE(net->weight.allclose(alone.weight, 1e-4, 1e-5));
  EXPECT_TRUE(net->direction.allclose(alone.direction, 1e-4, 1e-5));
}

struct NetHolder : torch::CustomClassHolder {
  explicit NetHolder(Linear* layer) : net(layer) {}
  Linear* net;
};

/// Computes a layer again in backward, as activation checkpointing does.
struct Recomputed : torch::autograd::Function<Recomputed> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input,
                            Linear* net) {
    context->save_for_backward({input});
    context->saved_data["net"] = c10::IValue::make_capsule(c10::make_intrusive<NetHolder>(net));
    const at::NoGradGuard no_grad;
    return net->forward(input);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const at::AutoGradMode with_graph(true);
    Linear* net = static_cast<NetHolder&>(*context->saved_data["net"].toCapsule()).net;
    const at::Tensor input = context->get_saved_variables().front().detach().requires_grad_(true);
    torch::autograd::backward({net->forward(input)}, {gradients.front()});
    return {input.grad(), at::Tensor()};
  }
};

DGA_ENGINE_TEST(UserLoops, ASegmentIsComputedTwice) {
  const auto loss_of = [](Linear& net, int worker, std::int64_t step) {
    const at::Tensor input = inputs(worker, step).requires_grad_(true);
    // The layer is used outside of the segment, too.
    return (Recomputed::apply(input, &net).tanh() + net.forward(input)).square().mean();
  };
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd(), {.overlap = false});
  auto alone = constant_net();
  torch::optim::SGD optimizer(alone->parameters(), plain_options());
  for (int step = 0; step < 3; ++step) {
    accumulator.backward(loss_of(*net, environment.rank(), step), 2);
    EXPECT_TRUE(accumulator.step());
    optimizer.zero_grad();
    for (int worker = 0; worker < environment.workers(); ++worker) {
      (loss_of(*alone, worker, step) / environment.workers()).backward();
    }
    optimizer.step();
  }
  expect_near(*net, *alone);
}

DGA_ENGINE_TEST(UserLoops, NoiseInPlaceOfTheGradientIsRefusedAndThroughAHookIsNot) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  accumulator.backward(squares_of(*net, environment.rank(), 0), 2);
  net->bias.mutable_grad().add_(0.01);
  EXPECT_THAT(error_of<InvalidArgument>([&] { accumulator.step(); }),
              HasSubstr("gradient of 'bias': expected it as backward left it, found it edited"));
  expect_same_loop(
      environment, {.before_forward = [](Linear& model, int step) {
        if (step == 0) {
          model.bias.register_hook([](const at::Tensor& gradient) { return gradient + 0.0; });
        }
      }});
}

}  // namespace
}  // namespace dga::test
