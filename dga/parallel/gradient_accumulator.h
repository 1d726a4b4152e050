// SPDX-License-Identifier: Apache-2.0
//
// GradientAccumulator: turns a LibTorch training loop into a distributed one.

#pragma once

#include <ATen/core/Tensor.h>

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/on_nonfinite.h"
#include "dga/base/step_recorder.h"
#include "dga/launch/environment.h"
#include "dga/mesh/parameter_layout.h"
#include "dga/parallel/accumulator_state.h"
#include "dga/parallel/grad_scaler.h"
#include "dga/parallel/gradient_slice.h"
#include "dga/parallel/joined_range.h"
#include "dga/parallel/learning_rate.h"
#include "dga/parallel/optimizer_factory.h"
#include "dga/parallel/owned_state.h"

namespace torch::nn {
class Module;
}

namespace dga {

struct AccumulatorOptions {
  /// Parameters with their own optimiser options. All others use the options of the factory.
  std::vector<ParameterGroup> groups{};
  /// Maximum number of calls of `backward` per step. With several nodes, the last of these calls
  /// overlaps with the reduction of the gradients.
  int micro_steps = 1;
  /// Maximum gradient norm, over all parameters. Larger gradients are scaled down. 0: no clipping.
  double clip_norm = 0;
  /// Multiplies every group's learning rate. Unset: learning rates change only if the caller
  /// changes them (see `optimizer`).
  LearningRateSchedule learning_rate{};
  /// Decay of the exponential moving average of the parameters, in [0, 1). After each optimiser
  /// step, average += (1 - ema_decay) * (parameter - average). 0: no average. See `use_average`.
  double ema_decay = 0;
  /// Called in each step on every worker after the reduction, before clipping, with the slices of
  /// the gradients that the worker owns; all workers' slices together are all gradients. May change
  /// their values. Must not call the accumulator. The same slices on every engine. Unset: nothing.
  std::function<void(std::span<const GradientSlice> slices)> on_gradients{};
  /// What a step does if a gradient is infinite or NaN, or their sum is.
  OnNonfinite on_nonfinite = OnNonfinite::throw_error;
  /// Scales the loss, as torch.amp.GradScaler does, for models with f16 in them: `backward` scales,
  /// `step` unscales before `on_gradients` and clipping, and skips steps whose gradients are not
  /// finite. Unset: no scaling.
  std::optional<GradScalerOptions> grad_scaler{};
  /// On several nodes, reduce buckets while backward still runs. Set it to false for modules with
  /// activation checkpointing, which recompute their forward: they produce some gradients twice.
  bool overlap = true;
  /// On carriers of several workers each: each call of `backward` is for the samples of all workers
  /// of the carrier together, as one batch, so there are no turns. The step is the same but for
  /// rounding, which then depends on the number of carriers.
  bool coalesce = false;
  /// See ParameterLayout.
  std::int64_t bucket_bytes = 0;
  /// Warn once about parameters that had no gradient in this many steps, counted from the first
  /// step. 0: no warning.
  std::int64_t warn_unused_after = 100;
  /// For debugging: finds every change of parameters and gradients between the calls, also one
  /// through `.data()` or a raw pointer. Reads both twice a step. false: changes of single elements
  /// through these are not seen.
  bool find_all_changes = false;
  /// Receives warnings, on worker 0 only. Unset: they are written to standard error.
  std::function<void(const std::string& text)> warn{};
  /// Intra-op threads per worker. More than one may change the last bits. 0: keep torch's setting.
  int intra_op_threads = 1;
};

struct BackwardOptions {
  /// Keep the graph of the loss for another backward, as in torch.
  bool retain_graph = false;
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
/// trained parameters views of one copy per node. Only `step`, `use_average` and
/// `update_parameters` may modify them; docs/gradients.md says what a program may do between the
/// calls. The views stay valid after the accumulator is destroyed. During its lifetime, the random
/// numbers that the worker's thread draws (dropout) are keyed by (seed, worker, step). Which
/// parameters are trained is decided at construction.
///
/// All workers take a step, skip it or refuse it together. If the program of any worker has done
/// what it must not, `step` throws the same InvalidArgument on every worker. The gradients are then
/// discarded, parameters, optimiser and step number stay as they were, and the next step works.
///
/// Several accumulators may live in one thread, for models that are trained in turn; see
/// dga::backward.
///
/// Used by the worker's thread only. All workers of the data axis construct it, and call `step`,
/// `synchronize_buffers` and the other collective functions in the same order. Calls of `backward`
/// need not match across workers.
class GradientAccumulator {
 public:
  /// Broadcasts worker 0's parameters and buffers. Collective; blocks. If the modules differ in
  /// names, shapes, types or parameter groups, every worker throws the same InvalidArgument.
  GradientAccumulator(const Environment& env, std::shared_ptr<torch::nn::Module> module,
                      const OptimizerFactory& factory, AccumulatorOptions options = {});
  ~GradientAccumulator();
  GradientAccumulator(const GradientAccumulator&) = delete;
  GradientAccumulator& operator=(const GradientAccumulator&) = delete;

  /// Backward of `loss`, a scalar that is the mean over `num_samples` samples. With 0 samples
  /// nothing is computed and `loss` may be undefined. Call it at most `micro_steps` times per step.
  /// Parameters of other accumulators that the loss depends on: see dga::backward. Not collective;
  /// never waits. Throws InvalidArgument for a loss that is no scalar, for one call too many, and
  /// for parameters or gradients that the program has changed; nothing is changed then. After an
  /// exception inside autograd, either nothing has changed, or the next `step` is refused on every
  /// worker.
  void backward(const at::Tensor& loss, std::int64_t num_samples, BackwardOptions options = {});

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
  /// no worker had samples, no parameter is updated. Values that torch::load or set_data has put
  /// into the module since the last step are taken over first, if they are the same on every
  /// worker. Returns false if the step was skipped because a gradient is not finite: then only
  /// num_skipped and the loss scale have changed. Collective; blocks. Throws Error for a gradient
  /// that is not finite, unless such steps are skipped, and InvalidArgument for what the class
  /// refuses. Every worker throws the same.
  bool step();

  /// Discards the gradients and sample counts since the last step. The other workers' count. Not
  /// collective. Throws InvalidArgument if the nodes have begun to reduce the gradients.
  void zero_grad();

  /// The elements of `loader`, one after the other, then finish(). So workers may have different
  /// numbers of batches:
  ///
  ///     for (auto& batch : accumulator.join(*loader)) {
  ///       accumulator.backward(loss_of(batch), batch.data.size(0));
  ///       accumulator.step();
  ///     }
  ///
  /// A loader that is not a temporary must outlive the range. The body of the loop must contain no
  /// other collective operations, and must be left early by all workers or none.
  template <typename Loader>
  JoinedRange<Loader> join(Loader&& loader) {
    return JoinedRange<Loader>(*this, std::forward<Loader>(loader));
  }
  /// Takes part in the steps of the other workers, with no samples, until all workers have called
  /// this. Gradients that are left from the last backward calls enter the first of these steps.
  /// Collective; blocks. Throws as `step` does.
  void finish();

  /// Calls `change` on worker 0, without gradients, and gives the parameters that its module then
  /// has to all workers: for pruning, clipping weights, or loading them. Frozen parameters and
  /// buffers too, if it changes one of them. The optimiser's state and the moving average stay as
  /// they are. Call it between steps. Collective; blocks. If `change` throws, all of these are
  /// restored and every worker throws InvalidArgument with its text. Values that torch::load or
  /// set_data has put into the module before are taken over first, as in `step`. Changes in place
  /// that no call has refused yet are refused here once; the next call overwrites them.
  void update_parameters(const std::function<void()>& change);

  /// For functions of launch_carriers, whose carriers have several workers each: the calls of
  /// `backward` from here to end_turn are those of `worker`, with its random numbers and its values
  /// of the module's buffers, which must be those of construction. In each step, each worker of
  /// Environment::block() has one turn, in ascending order, after expect_samples. Anything else
  /// that a module keeps is shared by the workers. Without turns of several workers, these
  /// functions do nothing. Not collective. Throws InvalidArgument for another order.
  void begin_turn(int worker);
  void end_turn();

  /// Optional; call it before the first `backward` of a step. `total`: the number of samples of all
  /// workers in this step. Saves a message on several nodes. `step` throws InvalidArgument if the
  /// total was wrong.
  void expect_samples(std::int64_t total);

  /// Replaces the module's running statistics (floating-point buffers) by the workers' mean, each
  /// weighted by the samples it passed to `backward` since the last call; whole numbers by their
  /// maximum. These are the buffers that the module has now, alike on all workers. Call it before
  /// evaluating or saving. Collective; blocks. Throws InvalidArgument if the buffers differ.
  void synchronize_buffers();
  /// The same with this worker's weight given.
  void synchronize_buffers(std::int64_t num_samples);

  /// true: replaces the parameters by their moving average, for evaluation or saving. false:
  /// restores them bit for bit, with values that were loaded into the module before. While the
  /// average is in use, `backward` and `step` throw InvalidArgument, and what is loaded is lost
  /// with it. Buffers are not averaged. After destruction the module keeps whichever values are
  /// active. Collective; blocks. Throws InvalidArgument if `ema_decay` is 0, and for changed
  /// parameters as `step` does.
  void use_average(bool average);

  /// All that a run needs besides the module's parameters and buffers to go on later, with any
  /// number of workers: the optimisers' state, moving average, step number, random streams,
  /// learning rates and loss scale. Worker 0 receives it; on other workers the tensors are missing.
  /// Call it between steps. Collective; blocks.
  AccumulatorState state();
  /// Goes on from the state of worker 0; other workers may pass anything. The module and the
  /// optimiser must be of the same kind as those it comes from. Call it between steps. Collective;
  /// blocks. If the state does not fit the module or the optimiser, every worker throws the same
  /// InvalidArgument, and nothing is changed.
  void load_state(const AccumulatorState& state);

  /// The same by parts, for checkpoints that each worker writes and reads for itself. Returns this
  /// worker's part of the parameters, the optimisers' state and the moving average, to be copied
  /// before the next step, and sets the numbers of `rest`, and on worker 0 its buffers. Call it
  /// between steps. Collective; blocks.
  OwnedState owned_state(AccumulatorState& rest);
  /// Goes on from `rest`, which must be the same on every worker, and from what `read` returns for
  /// the elements that this worker owns. Without learning rates in `rest` they stay as they are.
  /// `change` is called on worker 0 once all workers have found that their state fits. As in
  /// update_parameters it sets the parameters, frozen parameters and buffers, which all workers
  /// then get. Without it they are up to the caller. Otherwise as load_state. What `read` and
  /// `change` throw on one worker is an error of all, and nothing is changed then.
  void load_owned_state(const AccumulatorState& rest, const ReadRange& read,
                        const std::function<void()>& change = {});

  /// The module that the accumulator trains.
  torch::nn::Module& module() const noexcept;

  /// Steps taken.
  std::int64_t num_steps() const noexcept;
  /// Steps skipped because a gradient was not finite.
  std::int64_t num_skipped() const noexcept;
  /// The factor by which the next backward scales its loss; 1 without grad_scaler. dga::backward
  /// uses the smallest of its accumulators.
  double loss_scale() const noexcept;
  /// The gradient norm before clipping in the last step, in f64; NaN without clipping.
  double gradient_norm() const noexcept;
  /// The element-wise optimiser over this worker's slices. Use it to change options, or for torch's
  /// schedulers, alike on every worker; do not call its step(). Its zero_grad() does nothing, and
  /// its tensors have no gradients between steps. `step` refuses other groups, parameters, values
  /// or state than it has left in it.
  torch::optim::Optimizer& optimizer() noexcept;
  /// The optimiser of the atomic parameters that this worker owns; null if the model has none.
  torch::optim::Optimizer* atomic_optimizer() noexcept;
  const ParameterLayout& layout() const noexcept;
  /// The time spent in each phase, one entry per step.
  StepRecorder& recorder() noexcept;

 private:
  friend void backward(std::span<GradientAccumulator* const> accumulators, const at::Tensor& loss,
                       std::int64_t num_samples, BackwardOptions options);
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// One backward of a loss that trains the modules of several accumulators, which then step one by
/// one:
///
///     dga::backward({&encoder_accumulator, &decoder_accumulator}, loss, num_samples);
///
/// GradientAccumulator::backward is for one accumulator. What its loss does to parameters of
/// others: one that has called its own backward since its last step ignores it, as the
/// discriminator of a GAN ignores the generator's loss; one that has not keeps the gradients and
/// uses them if its own step comes before its own backward. Throws as GradientAccumulator::backward
/// does.
void backward(std::span<GradientAccumulator* const> accumulators, const at::Tensor& loss,
              std::int64_t num_samples, BackwardOptions options = {});
inline void backward(std::initializer_list<GradientAccumulator*> accumulators,
                     const at::Tensor& loss, std::int64_t num_samples,
                     BackwardOptions options = {}) {
  backward(std::span(accumulators.begin(), accumulators.size()), loss, num_samples, options);
}

template <typename Loader>
JoinedRange<Loader>::Iterator::Iterator(GradientAccumulator& accumulator,
                                        std::remove_reference_t<Loader>& loader)
    : accumulator_(&accumulator), at_(std::begin(loader)), end_(std::end(loader)) {
  finish_at_end();
}

template <typename Loader>
void JoinedRange<Loader>::Iterator::finish_at_end() {
  if (at_ == end_) {
    accumulator_->finish();
  }
}

}  // namespace dga
