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
  /// Parameters with their own optimiser options. All others use the options of the factory.
  std::vector<ParameterGroup> groups{};
  /// Maximum number of calls of `backward` per step. With several nodes, the last call overlaps
  /// with the reduction of the gradients.
  int micro_steps = 1;
  /// Maximum gradient norm, over all parameters. Larger gradients are scaled down. 0: no clipping.
  double clip_norm = 0;
  /// Multiplies every group's learning rate. Unset: learning rates change only if the caller
  /// changes them (see `optimizer`).
  LearningRateSchedule learning_rate{};
  /// Decay of the exponential moving average of the parameters, in [0, 1). After each optimiser
  /// step, average += (1 - ema_decay) * (parameter - average). 0: no average. See `use_average`.
  double ema_decay = 0;
  /// Stop with an error that names the parameter when a gradient is infinite or NaN.
  bool check_finite = true;
  /// On several nodes, reduce buckets while backward still runs. Set it to false for modules with
  /// activation checkpointing, which recompute their forward: they produce some gradients twice.
  bool overlap = true;
  /// See ParameterLayout.
  std::int64_t bucket_bytes = 0;
  /// Warn once about parameters that had no gradient in this many steps, counted from the first
  /// step. 0: no warning.
  std::int64_t warn_unused_after = 100;
  /// Receives warnings, on worker 0 only. Unset: they are written to standard error.
  std::function<void(const std::string& text)> warn{};
  /// Intra-op threads per worker. More than one may change the last bits. 0: keep torch's setting.
  int intra_op_threads = 1;
};

/// Accumulates and reduces the gradients of all workers, and steps the optimiser.
///
///     GradientAccumulator accumulator(env, net.ptr(), optimizer_factory<SGD>(SGDOptions(0.1)));
///     for (const auto& batch : dga::batches(env, data, {.batch = 16})) {
///       accumulator.backward(batch, [&] { return nll_loss(net->forward(batch.x()), batch.y()); });
///       accumulator.step();  // all workers
///     }
///
/// A step equals, up to rounding, a step of one worker with the same optimiser and the mean loss
/// over all samples that the workers passed to `backward` since the last step. The samples may be
/// distributed unevenly. docs/gradients.md has the exact arithmetic.
///
/// Each worker passes its own module of the same structure. The constructor makes the module's
/// trained parameters views of one copy per node. Only `step` and `use_average` may modify them.
/// The views stay valid after the accumulator is destroyed. During its lifetime, the random numbers
/// that the worker's thread draws (dropout) are keyed by (seed, worker, step). `requires_grad` is
/// read once, at construction.
///
/// Used by the worker's thread only. All workers of the data axis construct it, and call `step`,
/// `synchronize_buffers` and `use_average` in the same order. Calls of `backward` need not match
/// across workers.
class GradientAccumulator {
 public:
  /// Broadcasts worker 0's parameters and buffers. Collective; blocks. Throws InvalidArgument, the
  /// same on every worker, if the modules differ in names, shapes, types or parameter groups.
  GradientAccumulator(const Environment& env, std::shared_ptr<torch::nn::Module> module,
                      const OptimizerFactory& factory, AccumulatorOptions options = {});
  ~GradientAccumulator();
  GradientAccumulator(const GradientAccumulator&) = delete;
  GradientAccumulator& operator=(const GradientAccumulator&) = delete;

  /// Backward of `loss`, a scalar that is the mean over `num_samples` samples. With 0 samples
  /// nothing is computed and `loss` may be undefined. Call it at most `micro_steps` times per step.
  /// Not collective; never waits.
  void backward(const at::Tensor& loss, std::int64_t num_samples);

  /// The same for a batch of dga::batches: calls `loss()`, which returns the mean loss over the
  /// batch, unless this worker has no samples in it. Returns the detached loss; undefined for an
  /// empty batch.
  template <typename Batch, std::invocable Loss>
  at::Tensor backward(const Batch& batch, Loss&& loss) {
    at::Tensor value;
    if (batch.size() > 0) {
      value = std::forward<Loss>(loss)();
    }
    backward(value, static_cast<std::int64_t>(batch.size()));
    return value.defined() ? value.detach() : value;
  }

  /// Reduces the gradients and steps the optimiser. Afterwards every worker's module has the new
  /// parameters, and no gradients. A parameter that no worker's loss depended on is not updated. If
  /// no worker had samples, no parameter is updated. Collective; blocks. Throws Error for a
  /// gradient that is not finite, on the worker that owns it.
  void step();

  /// Optional; call it before the first `backward` of a step. `total`: the number of samples of all
  /// workers in this step. Saves a message on several nodes. `step` throws InvalidArgument if the
  /// total was wrong.
  void expect_samples(std::int64_t total);

  /// Replaces the module's running statistics (floating-point buffers) by the workers' mean, each
  /// weighted by the samples it passed to `backward` since the last call; whole numbers by their
  /// maximum. Call it before evaluating or saving. Collective; blocks.
  void synchronize_buffers();
  /// The same with this worker's weight given.
  void synchronize_buffers(std::int64_t num_samples);

  /// true: replaces the parameters by their moving average, for evaluation or saving. false:
  /// restores them bit for bit. While the average is in use, `backward` and `step` throw
  /// InvalidArgument. Buffers are not averaged. After destruction the module keeps whichever values
  /// are active. Collective; blocks. Throws InvalidArgument if `ema_decay` is 0.
  void use_average(bool average);

  /// Steps taken.
  std::int64_t num_steps() const noexcept;
  /// The gradient norm before clipping in the last step, in f64; NaN without clipping.
  double gradient_norm() const noexcept;
  /// The element-wise optimiser over this worker's slices. Use it to change options; do not call
  /// its step().
  torch::optim::Optimizer& optimizer() noexcept;
  /// The optimiser of the atomic parameters that this worker owns; null if the model has none.
  torch::optim::Optimizer* atomic_optimizer() noexcept;
  const ParameterLayout& layout() const noexcept;
  /// The time spent in each phase, one entry per step.
  StepRecorder& recorder() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dga
