// SPDX-License-Identifier: Apache-2.0
//
// What sharding Muon saves: muon_step PRECISION WORKERS STEPS prints one line of JSON with the
// median step of worker 0, on threads, twice: each worker updating the matrices it owns, and every
// worker updating all of them, as a loop without sharding does. PRECISION: bf16 or f32.
//
// The model is 12 layers of 256 x 256 with biases, with 8 samples per worker and step, so that the
// optimiser takes most of the time.

#include <ATen/ops/randn.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <vector>

#include "dga/base/clock.h"
#include "dga/launch/launch.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/parallel/muon.h"

namespace {

constexpr std::int64_t kWidth = 256;
constexpr int kLayers = 12;
constexpr int kWarmUp = 3;

struct Net : torch::nn::Module {
  Net() {
    for (int i = 0; i < kLayers; ++i) {
      layers.push_back(
          register_module("layer" + std::to_string(i), torch::nn::Linear(kWidth, kWidth)));
    }
  }
  at::Tensor forward(at::Tensor x) {
    for (auto& layer : layers) {
      x = layer(x).tanh();
    }
    return x;
  }
  std::vector<torch::nn::Linear> layers;
};

/// The median step of worker 0, in seconds.
double median_step(dga::Environment& env, dga::MuonPrecision precision, int steps, bool sharded) {
  const auto net = std::make_shared<Net>();
  const auto options = dga::MuonOptions(0.02).precision(precision);
  const auto others =
      dga::optimizer_factory<torch::optim::SGD>(torch::optim::SGDOptions(sharded ? 0.1 : 0));
  dga::GradientAccumulator accumulator(env, net,
                                       sharded ? dga::muon_factory(options, others) : others);
  std::vector<at::Tensor> copies;  // what a worker of its own would update
  for (const auto& layer : net->layers) {
    copies.push_back(layer->weight.detach().clone());
  }
  dga::Muon all(copies, options);
  const at::Tensor x = at::randn({8, kWidth});
  std::vector<double> seconds;
  for (int step = 0; step < kWarmUp + steps; ++step) {
    env.world().barrier();
    const double start = dga::now_seconds();
    accumulator.backward(net->forward(x).square().mean(), 8);
    for (std::size_t i = 0; i < copies.size() && !sharded; ++i) {
      copies[i].mutable_grad() = net->layers[i]->weight.grad().clone();
    }
    accumulator.step();
    if (!sharded) {
      all.step();
    }
    if (step >= kWarmUp) {
      seconds.push_back(dga::now_seconds() - start);
    }
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fprintf(stderr, "usage: muon_step bf16|f32 WORKERS STEPS\n");
    return 2;
  }
  const auto precision = dga::muon_precision_from(argv[1]);
  const int workers = std::atoi(argv[2]);
  const int steps = std::atoi(argv[3]);
  dga::launch({.engine = dga::Engine::threads, .workers = workers}, [&](dga::Environment& env) {
    const double sharded = median_step(env, precision, steps, true);
    const double every = median_step(env, precision, steps, false);
    if (env.is_root()) {
      std::printf(
          "{\"precision\": \"%s\", \"workers\": %d, \"sharded_ms\": %.2f, \"every_worker_ms\": "
          "%.2f, \"ratio\": %.2f}\n",
          argv[1], workers, sharded * 1e3, every * 1e3, every / sharded);
    }
  });
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
