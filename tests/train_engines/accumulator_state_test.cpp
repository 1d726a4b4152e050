// SPDX-License-Identifier: Apache-2.0
//
// The state of an accumulator: complete, and independent of the number of workers.

#include <gmock/gmock.h>
#include <torch/optim/schedulers/step_lr.h>

#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/comm/texts.h"
#include "dga/parallel/pickled_values.h"
#include "dga/predict/weights.h"
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

/// Its buffers differ from worker to worker until they are synchronised.
struct CountingNet : StateNet {
  CountingNet() {
    mean = register_buffer("mean", at::zeros({3, 2}));
    calls = register_buffer("calls", at::zeros({}, at::kLong));
  }
  void train(GradientAccumulator& accumulator, int worker, int steps) {
    for (int i = 0; i < steps; ++i) {
      const std::int64_t step = accumulator.num_steps();
      mean.mul_(0.9).add_(0.1 * static_cast<double>(worker + 1) * static_cast<double>(step + 1));
      calls.add_(worker + 1);
      accumulator.backward(loss(worker, step), 2 + worker);
      EXPECT_TRUE(accumulator.step());
    }
  }
  at::Tensor mean;
  at::Tensor calls;
};

DGA_ENGINE_TEST(AccumulatorStates, HaveTheBuffersOfEachWorker) {
  const auto factory = optimizer_factory<torch::optim::SGD>(torch::optim::SGDOptions(0.1));
  auto whole = std::make_shared<CountingNet>();
  GradientAccumulator uninterrupted(environment, whole, factory);
  whole->train(uninterrupted, environment.rank(), 5);

  auto net = std::make_shared<CountingNet>();
  AccumulatorState state;
  {
    GradientAccumulator accumulator(environment, net, factory);
    net->train(accumulator, environment.rank(), 2);
    state = accumulator.state();
    environment.world().barrier();
  }
  auto after = std::make_shared<CountingNet>();
  copy_parameters(*net, *after);
  GradientAccumulator accumulator(environment, after, factory);
  accumulator.load_state(state);
  EXPECT_TRUE(after->mean.equal(net->mean));
  after->train(accumulator, environment.rank(), 3);
  EXPECT_TRUE(after->mean.equal(whole->mean));
  EXPECT_TRUE(after->calls.equal(whole->calls));
  accumulator.synchronize_buffers();
  uninterrupted.synchronize_buffers();
  EXPECT_TRUE(after->mean.equal(whole->mean));
  EXPECT_TRUE(after->calls.equal(whole->calls));
  EXPECT_TRUE(accumulator.state().buffers.empty());  // all workers have the same

  if (environment.is_root() && environment.workers() > 1) {
    ASSERT_EQ(state.buffer_samples.size(), static_cast<std::size_t>(environment.workers()));
    for (int worker = 0; worker < environment.workers(); ++worker) {
      EXPECT_EQ(state.buffer_samples[static_cast<std::size_t>(worker)], 2 * (2 + worker));
      EXPECT_EQ(state.buffers.at("calls")[worker].item<std::int64_t>(), 2 * (worker + 1));
    }
  }
  environment.world().barrier();
}

/// What all workers own, by name, in the order of memory: what the files of a checkpoint have.
std::map<std::string, at::Tensor> joined(const Communicator& world,
                                         const std::vector<OwnedPart>& own) {
  std::vector<c10::IValue> values;
  for (const OwnedPart& part : own) {
    values.insert(values.end(), {part.name, part.first, part.shape, part.values});
  }
  std::string text;
  for (const std::string& each : gather_texts(world, pickled(values))) {
    text += each;
  }
  std::vector<std::int64_t> sizes;
  for (int rank = 0; rank < world.size(); ++rank) {
    auto size = static_cast<std::int64_t>(world.rank() == rank ? pickled(values).size() : 0);
    world.broadcast({&size, 1}, rank);
    sizes.push_back(size);
  }
  broadcast_text(world, text, 0);
  std::map<std::string, at::Tensor> whole;
  std::map<std::string, std::int64_t> counts;
  std::size_t begin = 0;
  for (const std::int64_t size : sizes) {
    const std::vector<c10::IValue> parts =
        unpickled(text.substr(begin, static_cast<std::size_t>(size)));
    begin += static_cast<std::size_t>(size);
    for (std::size_t i = 0; i + 3 < parts.size(); i += 4) {
      const std::string& name = parts[i].toStringRef();
      const at::Tensor part = parts[i + 3].toTensor();
      const std::vector<std::int64_t> shape = parts[i + 2].toIntVector();
      const std::int64_t elements =
          std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
      at::Tensor& tensor = whole[name];
      tensor = tensor.defined() ? tensor : at::zeros({elements}, part.options());
      tensor.narrow(0, parts[i + 1].toInt(), part.numel()).copy_(part);
      counts[name] += part.numel();
      if (shape.empty() && name.find('/') != std::string::npos) {
        tensor = tensor.reshape({});  // a number
      }
    }
  }
  for (const auto& [name, tensor] : whole) {
    EXPECT_EQ(counts[name], tensor.numel()) << name;  // each element once
  }
  return whole;
}

void zero(const torch::nn::Module& module) {
  for (at::Tensor parameter : module.parameters()) {
    parameter.detach().zero_();
  }
}

DGA_ENGINE_TEST(AccumulatorStates, GoOnFromWhatEachWorkerOwns) {
  for (const OptimizerFactory& factory : factories()) {
    auto whole = std::make_shared<StateNet>();
    GradientAccumulator uninterrupted(environment, whole, factory, state_options());
    train_net(uninterrupted, *whole, environment.rank(), 6);

    auto before = std::make_shared<StateNet>();
    auto after = std::make_shared<StateNet>();
    AccumulatorState rest;
    std::map<std::string, at::Tensor> optimizer;
    std::map<std::string, at::Tensor> average;
    {
      GradientAccumulator accumulator(environment, before, factory, state_options());
      train_net(accumulator, *before, environment.rank(), 3);
      const OwnedState owned = accumulator.owned_state(rest);
      optimizer = joined(environment.world(), owned.optimizer);
      average = joined(environment.world(), owned.average);
      const at::NoGradGuard no_grad;
      for (auto& [name, values] : joined(environment.world(), owned.parameters)) {
        at::Tensor& parameter = after->named_parameters()[name];
        parameter.copy_(values.as_strided(parameter.sizes(), parameter.strides()));
      }
      environment.world().barrier();
    }
    GradientAccumulator accumulator(environment, after, factory, state_options());
    const auto read = [&](const OwnedRange& range) {
      RangeState state;
      for (const auto& [name, values] : optimizer) {
        if (name.starts_with(range.parameter + "/")) {
          state.optimizer.emplace_back(
              name.substr(range.parameter.size() + 1),
              values.dim() == 0 ? values : values.narrow(0, range.first, range.count));
        }
      }
      state.average = average.at(range.parameter).narrow(0, range.first, range.count);
      return state;
    };
    AccumulatorState wrong = rest;
    wrong.num_steps = -1;
    EXPECT_THAT(error_of([&] { accumulator.load_owned_state(wrong, read); }),
                HasSubstr("[parallel] load_state: expected 0 steps or more, found -1."));
    // "extra" is small: one worker owns it, and only that one cannot read.
    const auto fails_on_one = [&](const OwnedRange& range) {
      if (range.parameter == "extra") {
        throw Error("cannot read");
      }
      return read(range);
    };
    const auto before_load = weights_sha256(*after);
    const auto fails = [&](const ReadRange& reader, const std::function<void()>& change) {
      return error_of([&] { accumulator.load_owned_state(rest, reader, change); });
    };
    EXPECT_EQ(fails(fails_on_one, [&] { zero(*after); }), "cannot read");
    EXPECT_EQ(fails(read,
                    [&] {
                      zero(*after);
                      throw Error("cannot change");
                    }),
              "cannot change");
    EXPECT_EQ(accumulator.num_steps(), 0);  // on every worker
    EXPECT_EQ(weights_sha256(*after), before_load);
    accumulator.load_owned_state(rest, read);
    EXPECT_EQ(accumulator.num_steps(), 3);
    train_net(accumulator, *after, environment.rank(), 3);
    for (const bool use_average : {false, true}) {
      uninterrupted.use_average(use_average);
      accumulator.use_average(use_average);
      for (std::size_t i = 0; i < whole->parameters().size(); ++i) {
        EXPECT_TRUE(after->parameters()[i].equal(whole->parameters()[i])) << i;
      }
    }
    environment.world().barrier();
  }
}

DGA_ENGINE_TEST(AccumulatorStates, RefuseBuffersOfAnotherModule) {
  const auto factory = optimizer_factory<torch::optim::SGD>(torch::optim::SGDOptions(0.1));
  auto net = std::make_shared<CountingNet>();
  GradientAccumulator accumulator(environment, net, factory);
  net->train(accumulator, environment.rank(), 1);
  AccumulatorState state = accumulator.state();
  if (environment.is_root()) {
    state.buffers["mean"] = at::zeros({environment.workers(), 3});
  }
  EXPECT_THAT(
      error_of([&] { accumulator.load_state(state); }),
      HasSubstr("[parallel] load_state: expected values of the buffer 'mean' with shape ["));
  if (environment.is_root()) {
    state.buffers.erase("mean");
  }
  EXPECT_THAT(
      error_of([&] { accumulator.load_state(state); }),
      HasSubstr("expected values of 2 buffers, and each worker's number of samples, found 1"));
  EXPECT_EQ(net->calls.item<std::int64_t>(), environment.rank() + 1);
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
