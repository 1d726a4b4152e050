// SPDX-License-Identifier: Apache-2.0
//
// Workers with different numbers of batches.

#include <gmock/gmock.h>
#include <torch/data/dataloader.h>
#include <torch/data/datasets/tensor.h>
#include <torch/data/samplers.h>

#include <numeric>

#include "tests/support/error_of.h"
#include "tests/train_engines/small_loop.h"

namespace dga::test {
namespace {

/// The numbers of this worker's batches: worker r has r of them, and 2 more in every second epoch.
std::vector<int> batches_of(int worker, int epoch) {
  std::vector<int> numbers(static_cast<std::size_t>(worker + epoch % 2 * 2));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

/// One worker with the samples of all, for as long as any has some.
std::shared_ptr<Linear> uneven_alone(int workers, int epochs) {
  auto net = constant_net();
  torch::optim::SGD optimizer(net->parameters(), plain_options());
  for (int epoch = 0; epoch < epochs; ++epoch) {
    for (int step = 0;; ++step) {
      std::vector<int> present;
      for (int worker = 0; worker < workers; ++worker) {
        if (step < static_cast<int>(batches_of(worker, epoch).size())) {
          present.push_back(worker);
        }
      }
      if (present.empty()) {
        break;
      }
      optimizer.zero_grad();
      for (const int worker : present) {
        (squares_of(*net, worker, step) / static_cast<double>(present.size())).backward();
      }
      optimizer.step();
    }
  }
  return net;
}

DGA_ENGINE_TEST(UnevenLoops, EndTogetherWithoutBookkeeping) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  for (int epoch = 0; epoch < 3; ++epoch) {
    for (const int number : accumulator.join(batches_of(environment.rank(), epoch))) {
      accumulator.backward(squares_of(*net, environment.rank(), number), 2);
      accumulator.step();
    }
    environment.world().barrier("end of epoch");
  }
  EXPECT_EQ(accumulator.num_steps(), 3 * (environment.workers() - 1) + 2);
  expect_near(*net, *uneven_alone(environment.workers(), 3));
}

DGA_ENGINE_TEST(UnevenLoops, WorkWithTorchsDataLoader) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  std::vector<at::Tensor> rows;
  for (const int number : batches_of(environment.rank(), 1)) {
    rows.push_back(inputs(environment.rank(), number));
  }
  auto loader = torch::data::make_data_loader<torch::data::samplers::SequentialSampler>(
      torch::data::datasets::TensorDataset(at::cat(rows)), torch::data::DataLoaderOptions(2));
  for (auto& batch : accumulator.join(*loader)) {
    std::vector<at::Tensor> samples;
    for (const auto& example : batch) {
      samples.push_back(example.data);
    }
    accumulator.backward(net->forward(at::stack(samples)).square().mean(), 2);
    accumulator.step();
  }
  const auto alone = [&] {
    auto expected = constant_net();
    torch::optim::SGD optimizer(expected->parameters(), plain_options());
    for (int step = 0; step < environment.workers() + 1; ++step) {
      const int first = std::max(0, step - 1);  // worker r has r + 2 batches
      optimizer.zero_grad();
      for (int worker = first; worker < environment.workers(); ++worker) {
        (squares_of(*expected, worker, step) / (environment.workers() - first)).backward();
      }
      optimizer.step();
    }
    return expected;
  }();
  expect_near(*net, *alone);
}

DGA_ENGINE_TEST(UnevenLoops, TakeGradientsThatAreLeftIntoTheNextStep) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd(), {.micro_steps = 4});
  accumulator.backward(squares_of(*net, environment.rank(), 0), 2);
  accumulator.finish();
  EXPECT_EQ(accumulator.num_steps(), 1);
  expect_near(*net, *trained_alone(environment.workers(), 1));
}

}  // namespace
}  // namespace dga::test
