// SPDX-License-Identifier: Apache-2.0
//
// The plain, slow reference of distributed training: one worker that goes through everybody's
// shards in turn, adds their gradients up in the order of the fixed tree with torch operators, and
// steps torch's own optimiser over the module's own tensors. Also the other oracle: the whole batch
// at once. And the same job done with a GradientAccumulator, so that the two can be compared.

#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "dga/launch/environment.h"
#include "dga/parallel/gradient_accumulator.h"

namespace dga::test {

/// A module under test. `worker` and `step` let it use other parameters on other workers.
struct Net : torch::nn::Module {
  virtual at::Tensor forward(const at::Tensor& x, int worker, std::int64_t step) = 0;
};

struct Job {
  std::function<std::shared_ptr<Net>()> build;
  /// Makes the optimiser over the module's own tensors (oracle) or over slices (accumulator).
  OptimizerFactory factory;
  AccumulatorOptions options{};
  std::int64_t steps = 4;
  /// Shape of a sample, and of what is predicted for it.
  std::vector<std::int64_t> input{12};
  std::int64_t outputs = 5;
  at::ScalarType type = at::kFloat;
  /// Samples of a worker in a micro-step of a step.
  std::function<std::int64_t(int worker, int micro, std::int64_t step)> samples =
      [](int, int, std::int64_t) { return std::int64_t{6}; };
};

/// The module as every worker builds it: seeded, whatever thread runs this.
std::shared_ptr<Net> build(const Job& job, std::uint64_t seed);

/// Samples of all workers in a step.
std::int64_t samples_of_step(const Job& job, int workers, std::int64_t step);

/// Trains with a GradientAccumulator, on every worker or carrier; running statistics are averaged
/// at the end.
std::shared_ptr<Net> train(const Environment& env, const Job& job);
/// Trains over all shards in turn, alone: the exact bits of every engine. `workers` shards.
std::shared_ptr<Net> train_over_shards(const Job& job, int workers, std::uint64_t seed);
/// Trains on the whole batch at once, alone: equal but for rounding.
std::shared_ptr<Net> train_on_whole_batch(const Job& job, int workers, std::uint64_t seed);

/// Expects `module`'s parameters and buffers to be those of `expected`, which only worker 0
/// computes: bit for bit, or within `tolerance` of the largest magnitude in a tensor where it is
/// above 0. Collective.
void expect_equal(const Environment& env, const torch::nn::Module& module,
                  const std::function<std::shared_ptr<Net>()>& expected, double tolerance = 0);

/// train, train_over_shards and expect_equal.
void expect_bits_of_the_loop_over_shards(const Environment& env, const Job& job);

}  // namespace dga::test
