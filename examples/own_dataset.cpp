// SPDX-License-Identifier: Apache-2.0
//
// A custom dataset class, which computes its samples on demand.
//     own_dataset [--engine auto|threads|processes|mpi] [--workers N]

#include <dga/dga.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adam.h>

#include <cmath>
#include <iostream>

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
  auto net = dga::seeded_module(
      env, [] { return nn::Sequential(nn::Linear(kLength, 32), nn::ReLU(), nn::Linear(32, 2)); });
  dga::GradientAccumulator accumulator(
      env, net.ptr(), dga::optimizer_factory<torch::optim::Adam>(torch::optim::AdamOptions(0.01)));
  const auto waves = std::make_shared<const Waves>();
  for (const auto& batch : dga::batches(env, waves, {.batch = 20, .epochs = 20})) {
    accumulator.backward(
        batch, [&] { return nn::functional::cross_entropy(net->forward(batch.x()), batch.y()); });
    accumulator.step();
  }
  const double error = dga::mean_error(env, net, *waves);
  if (env.is_root()) {
    std::cout << env.workers() << " workers (" << name_of(env.engine()) << "): " << 100 * error
              << " % of the waves wrong\n";
  }
}

}  // namespace

int main(int argc, char** argv) try {
  dga::launch(dga::launch_arguments(argc, argv, {.workers = 4}), train);
} catch (const dga::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
