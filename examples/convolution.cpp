// SPDX-License-Identifier: Apache-2.0
//
// A custom model with convolutions and batch-norm, trained on handwritten digits of 8 x 8 pixels.
// The running statistics of batch-norm differ between workers. Average them before you evaluate.
//     convolution [DIR] [--engine auto|threads|processes|mpi] [--workers N]

#include <dga/dga.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/functional.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/pooling.h>
#include <torch/optim/adamw.h>

#include <iostream>

namespace {

namespace nn = torch::nn;

/// (B, 64) -> (B, 10)
nn::Sequential convolutional_net() {
  return nn::Sequential(
      nn::Functional([](const torch::Tensor& x) {
        return x.view({-1, 1, 8, 8});
      }),
      nn::Conv2d(nn::Conv2dOptions(1, 16, 3).padding(1)), nn::BatchNorm2d(16), nn::ReLU(),
      nn::MaxPool2d(2), nn::Conv2d(nn::Conv2dOptions(16, 32, 3).padding(1)), nn::BatchNorm2d(32),
      nn::ReLU(), nn::Functional([](const torch::Tensor& x) { return x.flatten(1); }),
      nn::Linear(32 * 4 * 4, 10));
}

void train(dga::Environment& env, const dga::PreparedData& data) {
  auto net = dga::seeded_module(env, convolutional_net);
  dga::GradientAccumulator accumulator(
      env, net.ptr(),
      dga::optimizer_factory<torch::optim::AdamW>(torch::optim::AdamWOptions(3e-3)));
  for (const auto& batch : dga::batches(env, data, {.batch = 16, .epochs = 6})) {
    accumulator.backward(
        batch, [&] { return nn::functional::cross_entropy(net->forward(batch.x()), batch.y()); });
    accumulator.step();
  }
  accumulator.synchronize_buffers();
  const double error = dga::mean_error(env, net, *data.test);
  if (env.is_root()) {
    std::cout << env.workers() << " workers (" << name_of(env.engine()) << "): " << 100 * error
              << " % of the held-out digits wrong\n";
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const auto options = dga::launch_arguments(argc, argv, {.workers = 4});
  const std::string folder = argc > 1 ? argv[1] : "data/digits";
  const auto data = dga::split_and_normalise(dga::load_data({.data = folder}), 0.2, options.seed);
  dga::launch(options, [&](dga::Environment& env) { train(env, data); });
} catch (const dga::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
