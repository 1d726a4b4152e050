// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dga/base/random.h"
#include "dga/parallel/bound_parameters.h"
#include "dga/parallel/flat_buffers.h"
#include "dga/parallel/grad_scaler.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/parallel/gradient_reducer.h"
#include "dga/parallel/keyed_random_scope.h"
#include "dga/parallel/module_tensors.h"
#include "dga/parallel/module_watch.h"
#include "dga/parallel/parameter_average.h"
#include "dga/parallel/sharded_optimizer.h"
#include "dga/parallel/unused_watch.h"

namespace dga {

/// In five files: gradient_accumulator.cpp (construction), accumulator_backward.cpp,
/// accumulator_turns.cpp, accumulator_step.cpp and accumulator_state.cpp.
class GradientAccumulator::Impl {
 public:
  /// More than any run has, and small enough that the sum over steps and workers fits 64 bits.
  static constexpr std::int64_t kMostSamples = std::int64_t{1} << 48;

  Impl(const Environment& env, std::shared_ptr<torch::nn::Module> module,
       const OptimizerFactory& factory, AccumulatorOptions options);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// One backward for all `takers`; other accumulators of this thread ignore their gradients.
  static void backward(std::span<Impl* const> takers, const at::Tensor& loss,
                       std::int64_t num_samples, BackwardOptions options);
  void zero_grad();
  void begin_turn(int worker);
  void end_turn();
  bool step() { return step_as(false).taken; }
  void finish();
  void expect_samples(std::int64_t total);
  /// Unset: the samples since the last call are the weight.
  void synchronize_buffers(std::optional<std::int64_t> num_samples);
  void use_average(bool average);
  void update_parameters(const std::function<void()>& change);
  AccumulatorState state();
  void load_state(const AccumulatorState& state);
  OwnedState owned_state(AccumulatorState& rest);
  void load_owned_state(const AccumulatorState& rest, const ReadRange& read,
                        const std::function<void()>& change);
  torch::nn::Module& module() const noexcept { return *module_; }

  std::int64_t num_steps() const noexcept { return num_steps_; }
  std::int64_t num_skipped() const noexcept { return num_skipped_; }
  double loss_scale() const noexcept { return scaler_ ? scaler_->scale() : 1; }
  double gradient_norm() const noexcept { return gradient_norm_; }
  torch::optim::Optimizer& optimizer() noexcept { return optimizer_->element_wise(); }
  torch::optim::Optimizer* atomic_optimizer() noexcept { return optimizer_->atomic(); }
  const ParameterLayout& layout() const noexcept { return layout_; }
  StepRecorder& recorder() noexcept { return recorder_; }

 private:
  struct Outcome {
    bool taken = false;     // the optimiser has stepped, or there were no samples
    bool finished = false;  // no worker has more batches
  };
  class OthersTurn;
  /// The turns of a carrier's workers in the step under way.
  struct Turns {
    bool open = false;
    int ended = 0;
    StepContribution sum;        // of those that have ended
    std::string refusal;         // the first of theirs
    int non_finite_worker = -1;  // the first with gradients that are not finite; -1: none
  };
  /// What a carrier keeps for each of its workers from turn to turn.
  struct WorkerBuffers {
    std::vector<at::Tensor> values;  // of the module's buffers
    std::int64_t samples = 0;        // since they were synchronised
  };
  /// Gradients that other accumulators' backward left in the parameters, while this one had none.
  struct Borrowed {
    std::int64_t samples = 0;  // 0: there are none
    std::int64_t unit_samples = 0;
    double loss_scale = 1;
    bool scaled = false;  // by a grad_scaler
    bool mixed = false;   // of calls that cannot be added up
  };

  /// The accumulators of this thread, which all have hooks on their parameters.
  static std::vector<Impl*>& living();
  /// The worker whose turn it is; without turns, this one.
  int worker() const noexcept { return blocks_.of(workers_.rank()).first + turns_.ended; }
  std::uint64_t random_key() const noexcept {
    return stream_key(seed_, "train", worker(), num_steps_ + num_skipped_);
  }
  FlatBuffers buffers() const;
  bool checks_finite() const noexcept {
    return scaler_ || options_.on_nonfinite != OnNonfinite::ignore;
  }
  bool skips_non_finite() const noexcept {
    return scaler_ || options_.on_nonfinite == OnNonfinite::skip;
  }
  void share_initial_values();
  void share_parameters_of_worker_0(std::string_view label);
  void require_parameters(const char* call) const;
  /// Throws the same InvalidArgument on every worker if parameters were changed in place, or loaded
  /// differently; takes over what was loaded. `mends`: changes that a call has already refused are
  /// about to be overwritten. Collective.
  void settle_values(bool mends);
  /// Takes in buffers that the module has registered or replaced. Collective.
  void find_buffers();
  /// Of changes that no later call refuses.
  void warn_of_changes() const noexcept;
  void warn(const std::string& text) const;
  void check_values(BoundParameters::ValueCheck check) const;

  // --- backward
  static double common_scale(std::span<Impl* const> takers);
  static void check_alike(std::span<Impl* const> takers, std::int64_t num_samples, double scale);
  void check_backward(const at::Tensor& loss, std::int64_t num_samples) const;
  /// The loss scale of this worker's gradients in the step.
  double scale_of_step() const noexcept;
  double initial_gradient(std::int64_t num_samples, double scale) const noexcept;
  const at::Tensor& seed_of(const at::Tensor& loss, double value);
  void begin_backward(std::int64_t num_samples, double scale);
  void forget_backward(std::int64_t num_samples, const std::string& why);
  void on_gradient(std::size_t number);
  void borrow(std::int64_t num_samples, const Impl& from);
  void return_borrowed();
  void use_borrowed();
  void forget_contribution();

  // --- turns
  bool has_turns() const noexcept { return !blocks_.one_each(); }
  void save_buffers(WorkerBuffers& to);
  void load_buffers(const WorkerBuffers& from);
  void add_turn();
  void check_buffers() const;
  AccumulatorState numbers() const;
  /// Returns what goes on from `numbers`, whose maps are not used but for the buffers, and from the
  /// parts that this worker owns; it throws nothing. Throws InvalidArgument if these do not fit. So
  /// no worker changes anything before all of them have found that their parts fit.
  std::function<void()> prepare_state(const AccumulatorState& numbers,
                                      const std::vector<StatePart>& optimizer,
                                      const std::vector<StatePart>& average);
  /// update_parameters. `shares_all`: all workers get the frozen parameters and buffers of worker 0
  /// even if these have not changed there.
  void change_parameters(const std::function<void()>& change, bool shares_all);
  /// Each worker's buffers to worker 0, for `state`. Collective.
  void gather_buffers(AccumulatorState& state);
  /// What each of this rank's workers has to load of `state`. Throws InvalidArgument for buffers
  /// that do not fit the module.
  std::vector<WorkerBuffers> buffers_to_load(const AccumulatorState& state) const;
  void set_buffers(const std::vector<WorkerBuffers>& loaded);
  /// Whether backward has been called since the last step.
  bool step_under_way() const noexcept {
    return micro_step_ > 0 || turns_.open || turns_.ended > 0;
  }
  void close_turns();

  // --- step
  Outcome step_as(bool finished);
  std::string reason_to_refuse();
  void check_module();
  void clear_unused();
  std::vector<std::string> settings_lines() const;
  void require_agreement(const StepTotals& totals, const std::string& refusal);
  void take_loaded_values();
  /// Whether the gradients are finite afterwards.
  bool call_on_gradients(const StepTotals& totals);
  void take_step(const StepTotals& totals);
  void clip();
  void skip_step();
  [[noreturn]] void throw_non_finite();
  std::string text_of(const FiniteCheck::NonFinite& bad, const std::string& from) const;
  void discard_step();
  void forget_step();

  std::shared_ptr<torch::nn::Module> module_;
  AccumulatorOptions options_;
  Communicator workers_;
  WorkerBlocks blocks_;  // of which `workers_` are the carriers
  std::uint64_t seed_;
  ModuleTensors tensors_;
  ParameterLayout layout_;
  std::optional<GradScaler> scaler_;
  SharedBuffer parameters_;
  StepRecorder recorder_;
  std::unique_ptr<GradientReducer> reducer_;
  BoundParameters bound_;
  ModuleWatch watch_;
  std::unique_ptr<ShardedOptimizer> optimizer_;
  std::unique_ptr<ParameterAverage> average_;  // null: none is kept
  std::unique_ptr<KeyedRandomScope> random_;

  // Of the step under way.
  StepContribution contribution_;
  int micro_step_ = 0;
  bool in_backward_ = false;
  bool in_last_backward_ = false;
  bool others_turn_ = false;  // while another accumulator's backward runs
  bool reached_ = false;      // that backward has reached a parameter
  bool foreign_ = false;      // so has a backward that is no accumulator's
  Borrowed borrowed_;
  std::string refusal_;        // why the step will be refused; "": it is not
  std::vector<int> missing_;   // by bucket: parameters whose last gradient is to come
  std::vector<bool> arrived_;  // by parameter: in the last backward
  double rate_factor_ = 1;
  Turns turns_;

  std::vector<WorkerBuffers> worker_buffers_;  // of the block; empty if each carrier has one worker

  at::Tensor seed_tensor_;  // what backward starts from, of the last call
  double seed_value_ = 0;
  std::int64_t num_steps_ = 0;
  std::int64_t num_skipped_ = 0;
  std::int64_t buffer_samples_ = 0;
  double gradient_norm_ = std::numeric_limits<double>::quiet_NaN();
  mutable bool said_that_changed_ = false;  // what warn_of_changes would say
  UnusedWatch unused_;
};

}  // namespace dga
