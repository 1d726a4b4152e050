// SPDX-License-Identifier: Apache-2.0
//
// A custom model with convolutions and batch-norm, trained on handwritten digits of 8 x 8 pixels.
// The running statistics of batch-norm differ between workers. Average them before you evaluate.
//     convolution [DIR] [auto|threads|processes|mpi] [WORKERS]

#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/functional.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/pooling.h>
#include <torch/optim/adamw.h>

#include <cstdlib>
#include <iostream>
#include <numeric>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "dga/data/batches/prefetcher.h"
#include "dga/data/load.h"
#include "dga/data/shards.h"
#include "dga/launch/launch.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/parallel/keyed_random_scope.h"

namespace {

namespace nn = torch::nn;

nn::Sequential convolutional_net() {
  return nn::Sequential(
      nn::Conv2d(nn::Conv2dOptions(1, 16, 3).padding(1)), nn::BatchNorm2d(16), nn::ReLU(),
      nn::MaxPool2d(2), nn::Conv2d(nn::Conv2dOptions(16, 32, 3).padding(1)), nn::BatchNorm2d(32),
      nn::ReLU(), nn::Functional([](const torch::Tensor& x) { return x.flatten(1); }),
      nn::Linear(32 * 4 * 4, 10));
}

torch::Tensor images(const dga::BufferView& features, std::int64_t count) {
  return torch::from_blob(features.data, {count, 1, 8, 8}, torch::kFloat);
}

/// Evaluates this worker's share of the held-out samples. Returns the number of wrong predictions
/// and the number of samples.
std::pair<std::int64_t, std::int64_t> test(nn::Sequential& net, const dga::Dataset& held_out,
                                           const dga::Environment& env) {
  const auto [first, last] = dga::contiguous_share(held_out.size(), env.workers(), env.rank());
  if (first == last) {
    return {0, 0};
  }
  std::vector<std::int64_t> indices(static_cast<std::size_t>(last - first));
  std::iota(indices.begin(), indices.end(), first);
  std::vector<float> features(indices.size() * 64);
  const auto labels = torch::empty({last - first}, torch::kLong);
  const dga::BufferView view(features.data(), static_cast<std::int64_t>(features.size()));
  held_out.gather(indices, view, {labels.data_ptr<std::int64_t>(), labels.numel()});

  const torch::NoGradGuard no_grad;
  net->eval();
  const auto predicted = net->forward(images(view, last - first)).argmax(1);
  return {predicted.ne(labels).sum().item<std::int64_t>(), last - first};
}

void train(dga::Environment& env, const dga::PreparedData& data) {
  constexpr std::int64_t batch_size = 16;
  const auto shards = dga::shards(*data.train, env.workers(), dga::ShardKind::iid, env.seed());
  const dga::Sampler sampler(shards[static_cast<std::size_t>(env.rank())],
                             {.batch = batch_size,
                              .steps = dga::steps_per_epoch(shards, batch_size),
                              .seed = env.seed(),
                              .rank = env.rank()});
  // The seed determines the initial weights, so every run and every engine gives the same bits.
  const dga::KeyedRandomScope random(dga::stream_key(env.seed(), "weights"));
  auto net = convolutional_net();
  dga::GradientAccumulator accumulator(
      env, net.ptr(),
      dga::optimizer_factory<torch::optim::AdamW>(torch::optim::AdamWOptions(3e-3)));

  dga::Prefetcher batches(data.train, sampler, {.epochs = 6});
  while (const dga::Batch* batch = batches.next()) {
    if (batch->size > 0) {
      const auto labels = torch::from_blob(batch->labels.data, {batch->size}, torch::kLong);
      const auto output = net->forward(images(batch->features, batch->size));
      accumulator.backward(nn::functional::cross_entropy(output, labels), batch->size);
    }
    accumulator.step();
  }

  accumulator.synchronize_buffers();
  const auto [wrong, tested] = test(net, *data.test, env);
  std::int64_t counts[] = {wrong, tested};
  env.world().all_reduce({counts, 2}, dga::ReduceOp::sum, "errors");
  if (env.is_root()) {
    std::cout << env.workers() << " workers (" << name_of(env.engine()) << "): " << counts[0]
              << " of " << counts[1] << " held-out digits wrong\n";
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string folder = argc > 1 ? argv[1] : "data/digits";
  const auto engine = dga::engine_from(argc > 2 ? argv[2] : "auto");
  const int workers = argc > 3 ? std::atoi(argv[3]) : engine == dga::Engine::mpi ? 0 : 4;
  const dga::LaunchOptions options{.engine = engine, .workers = workers};
  const dga::PreparedData data =
      dga::split_and_normalise(dga::load_data({.data = folder}), 0.2, options.seed);
  dga::launch(options, [&](dga::Environment& env) { train(env, data); });
} catch (const dga::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
