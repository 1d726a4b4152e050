// SPDX-License-Identifier: Apache-2.0
//
// GradientAccumulator: turns a LibTorch training loop into a distributed one.

#pragma once

#include <ATen/core/Tensor.h>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/step_recorder.h"
#include "dga/launch/environment.h"
#include "dga/mesh/parameter_layout.h"
#include "dga/parallel/learning_rate.h"
#include "dga/parallel/optimizer_factory.h"

namespace torch::nn {
class Module;
}

namespace dga {

struct AccumulatorOptions {
  /// Parameters with optimiser options of their own; all others share those of the factory.
  std::vector<ParameterGroup> groups{};
  /// The most calls of `backward` in a step. With several nodes, the last call overlaps with the
  /// reduction of the gradients.
  int micro_steps = 1;
  /// Scales the gradient so that its norm over all parameters is at most this; 0 leaves it alone.
  double clip_norm = 0;
  /// Multiplies every group's learning rate; none leaves them to the caller (see `optimizer`).
  LearningRateSchedule learning_rate{};
  /// Of an exponential moving average of the parameters, in [0, 1): after each step that moves
  /// them, average += (1 - ema_decay) * (parameter - average). 0: none. See `use_average`.
  double ema_decay = 0;
  /// Stop with an error that names the parameter when a gradient is infinite or NaN.
  bool check_finite = true;
  /// Reduce buckets while backward still runs, where workers live on several nodes. Switch it off
  /// for modules that recompute their forward: their gradients arrive in several pieces.
  bool overlap = true;
  /// See ParameterLayout.
  std::int64_t bucket_bytes = 0;
  /// Steps after which a parameter that never had a gradient is warned about, once.
  std::int64_t warn_unused_after = 100;
  /// Takes warnings, on worker 0 alone; none writes them to standard error.
  std::function<void(const std::string& text)> warn{};
  /// Threads of one worker's operators; more than one may change bits. 0 leaves torch's setting.
  int intra_op_threads = 1;
};

/// Gradients of all workers together, and the optimiser step that follows.
///
///     GradientAccumulator accumulator(env, net.ptr(), optimizer_factory<SGD>(SGDOptions(0.1)));
///     for (const auto& batch : dga::batches(env, data, {.batch = 16})) {
///       accumulator.backward(batch, [&] { return nll_loss(net->forward(batch.x()), batch.y()); });
///       accumulator.step();  // all workers
///     }
///
/// A step equals that of one worker with the same optimiser and the mean loss over all samples that
/// any worker passed to `backward` since the last step, however unevenly they are spread.
/// docs/gradients.md has the exact arithmetic.
///
/// Each worker has a module of its own, built alike. From construction on its parameters are views
/// of one copy a node, which only `step` may change; they stay valid after the accumulator is gone.
/// Random numbers that its thread draws (dropout) are keyed by (seed, worker, step) meanwhile.
/// `requires_grad` is looked at once, at construction.
///
/// Used by one thread, the worker's. All workers of the data axis construct it, and call `step`,
/// `synchronize_buffers` and `use_average` in the same order; `backward` is free.
class GradientAccumulator {
 public:
  /// Gives every worker the values of worker 0. Collective; blocks. Throws InvalidArgument, the
  /// same on every worker, when the modules differ in names, shapes, types or parameter groups.
  GradientAccumulator(const Environment& env, std::shared_ptr<torch::nn::Module> module,
                      const OptimizerFactory& factory, AccumulatorOptions options = {});
  ~GradientAccumulator();
  GradientAccumulator(const GradientAccumulator&) = delete;
  GradientAccumulator& operator=(const GradientAccumulator&) = delete;

  /// Backward of `loss`, a scalar that is the mean over `num_samples` samples. With no samples
  /// nothing is computed and `loss` may be undefined. At most `micro_steps` calls a step. Not
  /// collective; never waits.
  void backward(const at::Tensor& loss, std::int64_t num_samples);

  /// The same for a batch of dga::batches: calls `loss()`, which returns the mean loss over the
  /// batch, unless this worker has no samples in it. Returns the loss, cut from its graph;
  /// undefined for an empty batch.
  template <typename Batch, std::invocable Loss>
  at::Tensor backward(const Batch& batch, Loss&& loss) {
    at::Tensor value;
    if (batch.size() > 0) {
      value = std::forward<Loss>(loss)();
    }
    backward(value, static_cast<std::int64_t>(batch.size()));
    return value.defined() ? value.detach() : value;
  }

  /// Reduces the gradients and steps the optimiser; afterwards every worker's module has the new
  /// parameters, and no gradients. A parameter that no worker's losses depended on is left alone;
  /// where no worker had a sample, all are. Collective; blocks.
  /// Throws Error for a gradient that is not finite, on the worker that owns it.
  void step();

  /// Optional, before the first `backward` of a step: the samples of all workers in it. Saves a
  /// message where workers live on several nodes; `step` throws when it was not right.
  void expect_samples(std::int64_t total);

  /// Replaces the module's running statistics (floating-point buffers) by the workers' mean, each
  /// weighted by the samples it passed to `backward` since the last call; whole numbers by their
  /// maximum. Call it before evaluating or saving. Collective; blocks.
  void synchronize_buffers();
  /// The same with this worker's weight given.
  void synchronize_buffers(std::int64_t num_samples);

  /// Puts the moving average in place of the parameters (true), for evaluating or saving, or the
  /// parameters back, bit for bit (false). No `backward` or `step` in between. Buffers are not
  /// averaged. What is in use when the accumulator ends stays in the module. Collective; blocks.
  /// Throws InvalidArgument where `ema_decay` is 0.
  void use_average(bool average);

  /// Steps taken.
  std::int64_t num_steps() const noexcept;
  /// The norm before clipping in the last step, in f64; NaN when not clipping.
  double gradient_norm() const noexcept;
  /// The element-wise optimiser over this worker's slices: for its options, not for calling.
  torch::optim::Optimizer& optimizer() noexcept;
  /// The optimiser of the atomic parameters that this worker owns; null where the model has none.
  torch::optim::Optimizer* atomic_optimizer() noexcept;
  const ParameterLayout& layout() const noexcept;
  /// Where the time goes: one entry a step.
  StepRecorder& recorder() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dga
