// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/gradient_accumulator.h"

#include <ATen/Parallel.h>
#include <ATen/ops/full.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "dga/parallel/agreement.h"
#include "dga/parallel/bound_parameters.h"
#include "dga/parallel/gradient_reducer.h"
#include "dga/parallel/kernel_warm_up.h"
#include "dga/parallel/keyed_random_scope.h"
#include "dga/parallel/module_tensors.h"
#include "dga/parallel/parameter_average.h"
#include "dga/parallel/sharded_optimizer.h"
#include "dga/parallel/torch_types.h"
#include "dga/parallel/unused_watch.h"

namespace dga {
namespace {

int group_of(const NamedTensor& parameter, const std::vector<ParameterGroup>& groups) {
  for (std::size_t group = 0; group < groups.size(); ++group) {
    DGA_CHECK(groups[group].contains != nullptr, "[parallel] parameter group ", group,
              ": expected `contains` to be set.");
    if (groups[group].contains(parameter.name, parameter.tensor)) {
      return static_cast<int>(group);
    }
  }
  return static_cast<int>(groups.size());
}

/// Whether `entry` is the name of the parameter, or of a module that it is in.
bool names(const std::string& entry, const std::string& parameter) {
  return parameter == entry || parameter.starts_with(entry + ".");
}

bool is_atomic(const NamedTensor& parameter, const AtomicOptimizer& atomic) {
  return atomic.selects != nullptr &&
         std::none_of(atomic.except.begin(), atomic.except.end(),
                      [&](const std::string& entry) { return names(entry, parameter.name); }) &&
         atomic.selects(parameter.name, parameter.tensor);
}

/// A misspelt exception would change the training without a word.
void check_atomic(const ModuleTensors& tensors, const AtomicOptimizer& atomic) {
  for (const std::string& entry : atomic.except) {
    const auto named = [&](const NamedTensor& parameter) { return names(entry, parameter.name); };
    DGA_CHECK(
        std::any_of(tensors.trained.begin(), tensors.trained.end(), named),
        "[parallel] atomic optimizer: expected `except` to name trained parameters or modules "
        "that have some, found '",
        entry, "'. A tied parameter goes by its first name.");
  }
  const auto selected = [&](const NamedTensor& parameter) { return is_atomic(parameter, atomic); };
  DGA_CHECK(atomic.selects == nullptr ||
                std::any_of(tensors.trained.begin(), tensors.trained.end(), selected),
            "[parallel] atomic optimizer: expected at least one trained parameter for it to "
            "update, found none of ",
            tensors.trained.size(), ". Use an element-wise optimiser alone.");
}

ParameterLayout make_layout(const ModuleTensors& tensors, int workers,
                            const AtomicOptimizer& atomic, const AccumulatorOptions& options) {
  std::vector<ParameterSpec> specs;
  for (const NamedTensor& parameter : tensors.trained) {
    specs.push_back({parameter.name, parameter.tensor.sizes().vec(),
                     dtype_of(parameter.tensor.scalar_type()).value(),
                     group_of(parameter, options.groups), is_atomic(parameter, atomic)});
  }
  return {std::move(specs), workers, options.bucket_bytes};
}

AccumulatorOptions checked(AccumulatorOptions options) {
  DGA_CHECK(options.micro_steps >= 1, "[parallel] micro_steps: expected 1 or more, found ",
            options.micro_steps, ".");
  DGA_CHECK(std::isfinite(options.clip_norm) && options.clip_norm >= 0,
            "[parallel] clip_norm: expected 0 (off) or more, found ", options.clip_norm, ".");
  DGA_CHECK(options.ema_decay >= 0 && options.ema_decay < 1,
            "[parallel] ema_decay: expected 0 (off) or more, below 1, found ", options.ema_decay,
            ".");
  DGA_CHECK(options.intra_op_threads >= 0,
            "[parallel] intra_op_threads: expected 0 or more, found ", options.intra_op_threads,
            ".");
  return options;
}

}  // namespace

class GradientAccumulator::Impl {
 public:
  Impl(const Environment& env, std::shared_ptr<torch::nn::Module> module,
       const OptimizerFactory& factory, AccumulatorOptions options);
  ~Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void backward(const at::Tensor& loss, std::int64_t num_samples);
  void step();
  void expect_samples(std::int64_t total) { reducer_->expect_samples(total); }
  void synchronize_buffers(std::int64_t num_samples);
  void use_average(bool average);
  void on_gradient(std::size_t number);

  std::int64_t samples_since_synchronized() const noexcept { return buffer_samples_; }
  std::int64_t num_steps() const noexcept { return num_steps_; }
  double gradient_norm() const noexcept { return gradient_norm_; }
  torch::optim::Optimizer& optimizer() noexcept { return optimizer_->element_wise(); }
  torch::optim::Optimizer* atomic_optimizer() noexcept { return optimizer_->atomic(); }
  const ParameterLayout& layout() const noexcept { return layout_; }
  StepRecorder& recorder() noexcept { return recorder_; }

 private:
  std::uint64_t random_key() const noexcept {
    return stream_key(seed_, "train", workers_.rank(), num_steps_);
  }
  /// The tensors of the module, after all workers have agreed on module and options. Collective.
  ModuleTensors agreed_tensors(const Environment& env, const AtomicOptimizer& atomic) const;
  FlatBuffers buffers() const;
  void share_initial_values();
  const at::Tensor& seed_of(const at::Tensor& loss, double factor);
  void require_parameters(const char* call) const;
  void forget_step();
  void clear_unused();
  void check_finite() const;
  void clip();

  std::shared_ptr<torch::nn::Module> module_;
  AccumulatorOptions options_;
  Communicator workers_;
  std::uint64_t seed_;
  ModuleTensors tensors_;
  ParameterLayout layout_;
  SharedBuffer parameters_;
  StepRecorder recorder_;
  std::unique_ptr<GradientReducer> reducer_;
  BoundParameters bound_;
  std::unique_ptr<ShardedOptimizer> optimizer_;
  std::unique_ptr<ParameterAverage> average_;  // null: none is kept
  std::unique_ptr<KeyedRandomScope> random_;

  // Of the step under way.
  StepContribution contribution_;
  int micro_step_ = 0;
  bool in_backward_ = false;
  bool in_last_backward_ = false;
  std::vector<int> missing_;   // by bucket: parameters whose last gradient is to come
  std::vector<bool> arrived_;  // by parameter: in the last backward

  at::Tensor seed_tensor_;  // what backward starts from, of the last call
  double seed_factor_ = 0;
  std::int64_t num_steps_ = 0;
  std::int64_t buffer_samples_ = 0;
  double gradient_norm_ = std::numeric_limits<double>::quiet_NaN();
  UnusedWatch unused_;
};

GradientAccumulator::Impl::Impl(const Environment& env, std::shared_ptr<torch::nn::Module> module,
                                const OptimizerFactory& factory, AccumulatorOptions options)
    : module_(std::move(module)),
      options_(checked(std::move(options))),
      workers_(env.group(Axis::data)),
      seed_(env.seed()),
      tensors_(agreed_tensors(env, factory.atomic)),
      layout_(make_layout(tensors_, workers_.size(), factory.atomic, options_)),
      parameters_(workers_.allocate_on_node(layout_.bytes())),
      reducer_(make_gradient_reducer(workers_, layout_, parameters_, recorder_)),
      bound_(tensors_.trained, layout_, buffers(), workers_.rank() == 0),
      // All workers know the same; one of them warns.
      unused_(tensors_.trained.size(), workers_.rank() == 0 ? options_.warn_unused_after : 0,
              options_.warn) {
  if (options_.intra_op_threads > 0) {
    at::set_num_threads(options_.intra_op_threads);
  }
  warm_up_kernels();
  contribution_.used.assign(tensors_.trained.size(), 0);
  missing_.assign(layout_.buckets().size(), 0);
  arrived_.assign(tensors_.trained.size(), false);
  share_initial_values();
  bound_.watch([this](std::size_t number) { on_gradient(number); });
  optimizer_ = std::make_unique<ShardedOptimizer>(layout_, workers_.rank(), buffers(), bound_,
                                                  factory, options_.groups);
  if (options_.ema_decay > 0) {
    average_ =
        std::make_unique<ParameterAverage>(workers_, layout_, parameters_, options_.ema_decay);
  }
  random_ = std::make_unique<KeyedRandomScope>(random_key());
  recorder_.restart();
}

ModuleTensors GradientAccumulator::Impl::agreed_tensors(const Environment& env,
                                                        const AtomicOptimizer& atomic) const {
  DGA_CHECK(module_ != nullptr, "[parallel] GradientAccumulator: expected a module, found null.");
  ModuleTensors tensors(*module_);
  std::vector<std::string> lines = tensors.lines();
  for (const NamedTensor& parameter : tensors.trained) {
    lines.push_back(dga::str("group ", group_of(parameter, options_.groups), " of ",
                             is_atomic(parameter, atomic) ? "atomic parameter " : "parameter ",
                             parameter.name));
  }
  lines.push_back(dga::str("micro_steps ", options_.micro_steps));
  lines.push_back(dga::str("clip_norm ", options_.clip_norm));
  lines.push_back(dga::str("ema_decay ", options_.ema_decay));
  lines.push_back(dga::str("bucket_bytes ", options_.bucket_bytes));
  require_same_lines(env.group(Axis::data), lines, "module",
                     "Build the module and its options alike on every worker.");
  DGA_CHECK(!tensors.trained.empty(),
            "[parallel] GradientAccumulator: expected a module with parameters that require a "
            "gradient, found none.");
  check_atomic(tensors, atomic);
  return tensors;
}

FlatBuffers GradientAccumulator::Impl::buffers() const {
  return {parameters_, parameters_.data(), reducer_->memory(), reducer_->gradients()};
}

void GradientAccumulator::Impl::share_initial_values() {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(workers_.size()), 0);
  counts.front() = layout_.bytes();
  workers_.share({static_cast<void*>(parameters_.data()), layout_.bytes(), DType::u8}, counts,
                 "initial parameters");
  broadcast_tensors(workers_, tensors_.frozen);
  broadcast_tensors(workers_, tensors_.buffers);
}

void GradientAccumulator::Impl::backward(const at::Tensor& loss, std::int64_t num_samples) {
  DGA_CHECK(num_samples >= 0, "[parallel] backward: expected 0 samples or more, found ",
            num_samples, ".");
  require_parameters("backward");
  DGA_CHECK(micro_step_ < options_.micro_steps, "[parallel] backward: expected at most ",
            options_.micro_steps,
            " calls a step, found one more. Call step() first, or raise micro_steps.");
  ++micro_step_;
  contribution_.samples += num_samples;
  buffer_samples_ += num_samples;
  if (contribution_.unit_samples == 0) {
    contribution_.unit_samples = num_samples;
  }
  in_last_backward_ = options_.overlap && micro_step_ == options_.micro_steps;
  if (in_last_backward_) {
    for (std::size_t bucket = 0; bucket < missing_.size(); ++bucket) {
      missing_[bucket] = static_cast<int>(layout_.buckets()[bucket].parameters.size());
    }
    reducer_->last_backward(contribution_);
  }
  if (num_samples == 0) {
    return;
  }
  DGA_CHECK(loss.defined() && loss.numel() == 1 && loss.requires_grad(),
            "[parallel] backward: expected a scalar loss that depends on the parameters, found ",
            loss.defined() ? dga::str("a tensor of shape ", loss.sizes()) : "an undefined tensor",
            ". Pass the mean over this worker's samples.");
  const double factor =
      static_cast<double>(num_samples) / static_cast<double>(contribution_.unit_samples);
  in_backward_ = true;
  loss.backward(seed_of(loss, factor));
  in_backward_ = false;
}

const at::Tensor& GradientAccumulator::Impl::seed_of(const at::Tensor& loss, double factor) {
  // Nearly always 1: kept, for it costs an operator.
  const bool reusable = seed_tensor_.defined() && seed_factor_ == factor &&
                        seed_tensor_.sizes() == loss.sizes() &&
                        seed_tensor_.scalar_type() == loss.scalar_type();
  if (!reusable) {
    seed_tensor_ = at::full(loss.sizes(), factor, loss.options().requires_grad(false));
    seed_factor_ = factor;
  }
  return seed_tensor_;
}

void GradientAccumulator::Impl::on_gradient(std::size_t number) {
  const PlacedParameter& placed = layout_.parameters()[number];
  DGA_CHECK(in_backward_, "[parallel] gradient of '", placed.spec.name,
            "': expected it from GradientAccumulator::backward, found another backward. Replace "
            "loss.backward() by accumulator.backward(loss, num_samples).");
  DGA_CHECK(!reducer_->bucket_started(placed.bucket), "[parallel] gradient of '", placed.spec.name,
            "': expected one gradient in a backward, found another after its reduction had "
            "started. Set overlap to false for modules that recompute.");
  bound_.take_gradient(number);
  contribution_.used[number] = 1;
  if (in_last_backward_ && !arrived_[number]) {
    arrived_[number] = true;
    if (--missing_[static_cast<std::size_t>(placed.bucket)] == 0) {
      reducer_->bucket_ready(placed.bucket);
    }
  }
}

void GradientAccumulator::Impl::require_parameters(const char* call) const {
  DGA_CHECK(average_ == nullptr || !average_->in_use(), "[parallel] ", call,
            ": expected the parameters in the module, found their moving average. Call "
            "use_average(false) first.");
}

void GradientAccumulator::Impl::step() {
  require_parameters("step");
  clear_unused();
  const StepTotals totals = reducer_->reduce(contribution_);
  recorder_.enter(StepPhase::compute);
  if (totals.samples > 0) {
    if (options_.check_finite) {
      check_finite();
    }
    if (options_.clip_norm > 0) {
      clip();
    }
    if (options_.learning_rate) {
      optimizer_->scale_learning_rates(options_.learning_rate(num_steps_));
    }
    optimizer_->step(totals.used);
    if (average_ != nullptr) {
      average_->update();
    }
  }
  reducer_->share_parameters();
  forget_step();
  ++num_steps_;
  if (totals.samples > 0) {
    unused_.step_taken(totals.used, [&](std::size_t i) { return tensors_.trained[i].name; });
  }
  random_->reseed(random_key());
  recorder_.end_step();
}

void GradientAccumulator::Impl::forget_step() {
  bound_.drop_gradients();
  arrived_.assign(arrived_.size(), false);
  contribution_.used.assign(contribution_.used.size(), 0);
  contribution_.samples = 0;
  contribution_.unit_samples = 0;
  contribution_.all_used = false;
  micro_step_ = 0;
  in_last_backward_ = false;
  reducer_->expect_samples(std::nullopt);
}

void GradientAccumulator::Impl::clear_unused() {
  contribution_.all_used = true;
  for (std::size_t i = 0; i < contribution_.used.size(); ++i) {
    if (contribution_.used[i] == 0) {
      contribution_.all_used = false;
      bound_.clear_gradient(i);
    }
  }
}

void GradientAccumulator::Impl::check_finite() const {
  const auto bad = optimizer_->find_non_finite();
  if (bad == nullptr) {
    return;
  }
  const PlacedParameter& placed = layout_.parameters()[static_cast<std::size_t>(bad->parameter)];
  const int from = reducer_->contributor_of_non_finite(bad->first_byte, placed.spec.type);
  throw Error(
      dga::str("[parallel] gradient of '", placed.spec.name, "' is not finite at step ", num_steps_,
               ": expected numbers, found ", bad->value, " in element ", bad->element, " of ",
               placed.spec.count(), ", from ",
               from < 0 ? std::string("a worker of another node or the sum itself")
                        : "worker " + std::to_string(from),
               ". Lower the learning rate, set clip_norm, or look at that step's samples."));
}

void GradientAccumulator::Impl::clip() {
  double sum = optimizer_->squared_norm();
  recorder_.enter(StepPhase::wait);
  workers_.all_reduce({&sum, 1}, ReduceOp::sum, "gradient norm");
  recorder_.enter(StepPhase::compute);
  gradient_norm_ = std::sqrt(sum);
  const double factor = options_.clip_norm / (gradient_norm_ + 1e-6);
  if (factor < 1) {
    optimizer_->scale_gradients(factor);
  }
}

void GradientAccumulator::Impl::synchronize_buffers(std::int64_t num_samples) {
  average_tensors(workers_, tensors_.buffers, num_samples);
  buffer_samples_ = 0;
}

void GradientAccumulator::Impl::use_average(bool average) {
  DGA_CHECK(average_ != nullptr,
            "[parallel] use_average: expected a moving average, found that none is kept. Set "
            "ema_decay.");
  average_->use(average);
}

GradientAccumulator::GradientAccumulator(const Environment& env,
                                         std::shared_ptr<torch::nn::Module> module,
                                         const OptimizerFactory& factory,
                                         AccumulatorOptions options)
    : impl_(std::make_unique<Impl>(env, std::move(module), factory, std::move(options))) {}

GradientAccumulator::~GradientAccumulator() = default;

void GradientAccumulator::backward(const at::Tensor& loss, std::int64_t num_samples) {
  impl_->backward(loss, num_samples);
}

void GradientAccumulator::step() {
  impl_->step();
}

void GradientAccumulator::expect_samples(std::int64_t total) {
  impl_->expect_samples(total);
}

void GradientAccumulator::synchronize_buffers() {
  impl_->synchronize_buffers(impl_->samples_since_synchronized());
}

void GradientAccumulator::synchronize_buffers(std::int64_t num_samples) {
  impl_->synchronize_buffers(num_samples);
}

void GradientAccumulator::use_average(bool average) {
  impl_->use_average(average);
}

std::int64_t GradientAccumulator::num_steps() const noexcept {
  return impl_->num_steps();
}

double GradientAccumulator::gradient_norm() const noexcept {
  return impl_->gradient_norm();
}

torch::optim::Optimizer& GradientAccumulator::optimizer() noexcept {
  return impl_->optimizer();
}

torch::optim::Optimizer* GradientAccumulator::atomic_optimizer() noexcept {
  return impl_->atomic_optimizer();
}

const ParameterLayout& GradientAccumulator::layout() const noexcept {
  return impl_->layout();
}

StepRecorder& GradientAccumulator::recorder() noexcept {
  return impl_->recorder();
}

}  // namespace dga
