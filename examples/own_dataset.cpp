// SPDX-License-Identifier: Apache-2.0
//
// A custom dataset class, which computes its samples on demand. Each worker trains on its shard,
// with prefetching, in its own training loop.
//     own_dataset [auto|threads|processes|mpi] [WORKERS]

#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adam.h>

#include <cmath>
#include <cstdlib>
#include <iostream>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "dga/data/batches/prefetcher.h"
#include "dga/data/shards.h"
#include "dga/launch/launch.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/parallel/keyed_random_scope.h"

namespace {

namespace nn = torch::nn;

constexpr std::int64_t kLength = 32;

/// Noisy sine waves of two classes: class 0 has one period per sample, class 1 has two. Each sample
/// has its own random stream, so it is the same for every worker and at every access.
class Waves : public dga::Dataset {
 public:
  std::int64_t size() const override { return 1200; }
  std::vector<std::int64_t> sample_shape() const override { return {kLength}; }
  dga::DType label_type() const override { return dga::DType::i64; }
  std::int64_t num_classes() const override { return 2; }

 private:
  void copy_samples(std::span<const std::int64_t> indices, dga::BufferView features,
                    dga::BufferView labels) const override {
    auto* feature = static_cast<float*>(features.data);  // null: only labels are requested
    auto* label = static_cast<std::int64_t*>(labels.data);
    for (const std::int64_t index : indices) {
      const std::int64_t kind = index % 2;
      if (label != nullptr) {
        *label++ = kind;
      }
      if (feature != nullptr) {
        dga::RandomStream random(dga::stream_key(7, "waves", index));
        const double phase = 6.2832 * random.uniform();
        for (std::int64_t t = 0; t < kLength; ++t) {
          const double angle =
              6.2832 * static_cast<double>((1 + kind) * t) / static_cast<double>(kLength);
          *feature++ = static_cast<float>(std::sin(angle + phase) + random.uniform() - 0.5);
        }
      }
    }
  }
};

void train(dga::Environment& env) {
  constexpr std::int64_t batch_size = 20;
  const auto waves = std::make_shared<const Waves>();
  const auto shards = dga::shards(*waves, env.workers(), dga::ShardKind::contiguous, env.seed());
  const dga::Sampler sampler(shards[static_cast<std::size_t>(env.rank())],
                             {.batch = batch_size,
                              .steps = dga::steps_per_epoch(shards, batch_size),
                              .seed = env.seed(),
                              .rank = env.rank()});

  // The seed determines the initial weights, so every run and every engine gives the same bits.
  const dga::KeyedRandomScope random(dga::stream_key(env.seed(), "weights"));
  nn::Sequential net(nn::Linear(kLength, 32), nn::ReLU(), nn::Linear(32, 2));
  dga::GradientAccumulator accumulator(
      env, net.ptr(), dga::optimizer_factory<torch::optim::Adam>(torch::optim::AdamOptions(0.01)));

  double last_epoch[] = {0, 0};  // wrong predictions and all predictions, while training
  constexpr std::int64_t epochs = 20;
  dga::Prefetcher batches(waves, sampler, {.epochs = epochs});
  while (const dga::Batch* batch = batches.next()) {
    if (batch->size > 0) {  // 0 when the shard has run out
      const auto samples =
          torch::from_blob(batch->features.data, {batch->size, kLength}, torch::kFloat);
      const auto labels = torch::from_blob(batch->labels.data, {batch->size}, torch::kLong);
      const auto output = net->forward(samples);
      accumulator.backward(nn::functional::cross_entropy(output, labels), batch->size);
      if (batch->epoch == epochs - 1) {
        last_epoch[0] += output.argmax(1).ne(labels).sum().item<double>();
        last_epoch[1] += static_cast<double>(batch->size);
      }
    }
    accumulator.step();
  }

  env.world().all_reduce({last_epoch, 2}, dga::ReduceOp::sum, "errors");
  if (env.is_root()) {
    std::cout << env.workers() << " workers (" << name_of(env.engine()) << "): " << last_epoch[0]
              << " of " << last_epoch[1] << " waves wrong in the last epoch\n";
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const auto engine = dga::engine_from(argc > 1 ? argv[1] : "auto");
  const int workers = argc > 2 ? std::atoi(argv[2]) : engine == dga::Engine::mpi ? 0 : 4;
  dga::launch({.engine = engine, .workers = workers}, train);
} catch (const dga::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
