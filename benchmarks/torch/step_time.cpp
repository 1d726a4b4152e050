// SPDX-License-Identifier: Apache-2.0
//
// Times the training step of dga: step_time ENGINE WORKERS STEPS WARM_UP [CARRIERS [coalesce]]
// Prints one line of JSON with worker 0's median and mean step over STEPS steps, the mean time per
// phase, and the loss after WARM_UP steps.
//
// The job is that of vs_pytorch_ddp: an MLP 64-100-10 with a ReLU, 64 samples per worker and step,
// cross-entropy, SGD with momentum, f32, data in memory. A formula defines the data and the initial
// weights. Equal losses therefore show that both sides do the same work.

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/remainder.h>
#include <ATen/ops/sin.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <vector>

#include "dga/base/clock.h"
#include "dga/launch/launch.h"
#include "dga/parallel/gradient_accumulator.h"

namespace {

constexpr std::int64_t kFeatures = 64;
constexpr std::int64_t kHidden = 100;
constexpr std::int64_t kClasses = 10;
constexpr std::int64_t kBatch = 64;
constexpr std::int64_t kBatches = 16;  // per worker, used in turns

struct Net : torch::nn::Module {
  Net() {
    register_module("hidden", hidden);
    register_module("out", out);
    const torch::NoGradGuard no_grad;
    for (at::Tensor& parameter : parameters()) {
      const double fan_in = parameter.dim() > 1 ? static_cast<double>(parameter.size(1)) : kHidden;
      parameter.copy_((at::sin(at::arange(parameter.numel(), at::kFloat) * 0.7) / std::sqrt(fan_in))
                          .view(parameter.sizes()));
    }
  }
  at::Tensor forward(const at::Tensor& x) { return out(at::relu(hidden(x))); }

  torch::nn::Linear hidden{kFeatures, kHidden};
  torch::nn::Linear out{kHidden, kClasses};
};

struct Batch {
  at::Tensor x;  // (kBatch, kFeatures)
  at::Tensor y;  // (kBatch)
};

std::vector<Batch> make_batches(int rank) {
  std::vector<Batch> batches;
  for (std::int64_t b = 0; b < kBatches; ++b) {
    const at::Tensor places = at::arange(kBatch * kFeatures, at::kFloat);
    batches.push_back({at::sin(places * 0.37 + static_cast<double>(rank * kBatches + b))
                           .view({kBatch, kFeatures}),
                       at::remainder(at::arange(kBatch, at::kLong) * 7 + 3 * rank + b, kClasses)});
  }
  return batches;
}

struct Steps {
  std::int64_t measured;
  std::int64_t warm_up;
  bool coalesce;
};

/// The batches of all workers of a block, in turn or as one.
std::vector<std::vector<Batch>> batches_of(dga::WorkerBlock block, bool coalesce) {
  std::vector<std::vector<Batch>> all;
  for (int worker = block.first; worker < block.end(); ++worker) {
    all.push_back(make_batches(worker));
  }
  for (std::size_t b = 0; coalesce && b < kBatches; ++b) {
    std::vector<at::Tensor> x;
    std::vector<at::Tensor> y;
    for (const std::vector<Batch>& each : all) {
      x.push_back(each[b].x);
      y.push_back(each[b].y);
    }
    all.front()[b] = {at::cat(x), at::cat(y)};
  }
  all.resize(coalesce ? 1 : all.size());
  return all;
}

void measure(dga::Environment& env, Steps steps) {
  auto net = std::make_shared<Net>();
  dga::AccumulatorOptions options;
  options.coalesce = steps.coalesce;
  dga::GradientAccumulator accumulator(
      env, net,
      dga::optimizer_factory<torch::optim::SGD>(torch::optim::SGDOptions(0.05).momentum(0.9)),
      options);
  const dga::WorkerBlock block = env.block();
  const std::vector<std::vector<Batch>> batches = batches_of(block, steps.coalesce);
  std::vector<double> times;
  double last_loss = 0;
  double started = 0;
  accumulator.recorder().restart();
  for (std::int64_t step = 0; step < steps.warm_up + steps.measured; ++step) {
    if (step == steps.warm_up) {
      started = dga::now_seconds();
    }
    if (block.count > 1) {
      accumulator.expect_samples(kBatch * env.blocks().workers());
    }
    for (std::size_t turn = 0; turn < batches.size(); ++turn) {
      accumulator.begin_turn(block.first + static_cast<int>(turn));
      const Batch& batch = batches[turn][static_cast<std::size_t>(step % kBatches)];
      const at::Tensor loss = at::cross_entropy_loss(net->forward(batch.x), batch.y);
      accumulator.backward(loss, batch.x.size(0));
      accumulator.end_turn();
      if (turn == 0 && step + 1 == steps.warm_up) {
        last_loss = loss.item<double>();
      }
    }
    accumulator.step();
    if (step + 1 == steps.warm_up) {
      continue;
    }
    if (step >= steps.warm_up) {
      const double now = dga::now_seconds();
      times.push_back(now - started);
      started = now;
    }
  }
  if (!env.is_root()) {
    return;
  }
  double sum = 0;
  for (const double time : times) {
    sum += time;
  }
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  const auto phase = [&](dga::StepPhase which) {
    return accumulator.recorder().total(which) * 1e3 /
           static_cast<double>(accumulator.recorder().num_steps());
  };
  std::printf(
      "{\"workers\": %d, \"median_ms\": %.5f, \"mean_ms\": %.5f, \"compute_ms\": %.5f, "
      "\"reduce_ms\": %.5f, \"wait_ms\": %.5f, \"loss\": %.9g}\n",
      env.blocks().workers(), *middle * 1e3, sum * 1e3 / static_cast<double>(times.size()),
      phase(dga::StepPhase::compute), phase(dga::StepPhase::reduce), phase(dga::StepPhase::wait),
      last_loss);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const bool complete = argc >= 5 && argc <= 7;
  const Steps steps{complete ? std::atoll(argv[3]) : 0, complete ? std::atoll(argv[4]) : 0,
                    argc == 7};
  if (steps.measured < 1 || steps.warm_up < 1) {
    std::fprintf(stderr, "usage: step_time ENGINE WORKERS STEPS WARM_UP [CARRIERS [coalesce]]\n");
    return 2;
  }
  try {
    dga::launch_carriers({.engine = dga::engine_from(argv[1]),
                          .workers = std::atoi(argv[2]),
                          .carriers = argc >= 6 ? std::atoi(argv[5]) : 0},
                         [steps](dga::Environment& env) { measure(env, steps); });
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "step_time: %s\n", error.what());
    return 1;
  }
}
