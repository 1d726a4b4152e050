// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/gradient_accumulator.h"

#include <ATen/Parallel.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <iostream>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "dga/parallel/accumulator_impl.h"
#include "dga/parallel/agreement.h"
#include "dga/parallel/kernel_warm_up.h"
#include "dga/parallel/tensor_backup.h"
#include "dga/parallel/trained_parameters.h"

namespace dga {
namespace {

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

/// The workers, in whose order gradients are added up, that the ranks of the data axis carry. A
/// carrier that coalesces its workers counts as one.
WorkerBlocks blocks_of(const Environment& env, const AccumulatorOptions& options) {
  const int size = env.group(Axis::data).size();
  if (env.blocks().one_each() || options.coalesce) {
    return {size, size};
  }
  DGA_CHECK(size == env.workers(),
            "[parallel] GradientAccumulator: expected a mesh with axis data alone where carriers "
            "have several workers each, found ",
            size, " of ", env.workers(), " carriers on this axis.");
  return env.blocks();
}

/// The accumulators of worker 0 are counted, because a rank of MPI may have made others before.
/// Collective.
int agreed_number(const Communicator& workers) {
  thread_local std::int64_t made = 0;
  std::int64_t number = ++made;
  workers.broadcast({&number, 1}, 0, "number of the accumulator");
  return static_cast<int>(number);
}

}  // namespace

GradientAccumulator::Impl::Impl(const Environment& env, std::shared_ptr<torch::nn::Module> module,
                                const OptimizerFactory& factory, AccumulatorOptions options)
    : module_(std::move(module)),
      options_(checked(std::move(options))),
      workers_(env.group(Axis::data)),
      blocks_(blocks_of(env, options_)),
      seed_(env.seed()),
      tensors_(agreed_tensors(workers_, module_.get(), factory.atomic, options_)),
      layout_(make_layout(tensors_, blocks_, factory.atomic, options_)),
      scaler_(options_.grad_scaler ? std::optional(GradScaler(*options_.grad_scaler))
                                   : std::nullopt),
      parameters_(workers_.allocate_on_node(layout_.bytes())),
      reducer_(make_gradient_reducer(workers_, layout_, parameters_, checks_finite(),
                                     agreed_number(workers_), recorder_)),
      bound_(
          tensors_, layout_, buffers(), reducer_->rows(),
          {.give_values = workers_.rank() == 0,
           .fingerprints = options_.find_all_changes ? Fingerprints::whole : Fingerprints::sampled,
           .reduced_meanwhile =
               !has_turns() && options_.overlap && workers_.placement().num_nodes() > 1,
           .worker = workers_.rank()}),
      watch_(*module_),
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
  bound_.note_values();
  bound_.watch([this](std::size_t number) { on_gradient(number); });
  run_agreed(workers_, [&] {
    optimizer_ = std::make_unique<ShardedOptimizer>(layout_, workers_.rank(), buffers(), bound_,
                                                    factory, options_.groups);
  });
  require_same_lines(workers_, optimizer_->description(), "optimizer",
                     "Build it alike on every worker.");
  if (options_.ema_decay > 0) {
    average_ =
        std::make_unique<ParameterAverage>(workers_, layout_, parameters_, options_.ema_decay);
  }
  if (has_turns()) {
    worker_buffers_.resize(static_cast<std::size_t>(blocks_.of(workers_.rank()).count));
    for (WorkerBuffers& each : worker_buffers_) {
      save_buffers(each);
    }
  }
  random_ = std::make_unique<KeyedRandomScope>(random_key());
  living().push_back(this);
  recorder_.restart();
}

FlatBuffers GradientAccumulator::Impl::buffers() const {
  return {parameters_, parameters_.data(), reducer_->memory(), reducer_->gradients()};
}

void GradientAccumulator::Impl::share_parameters_of_worker_0(std::string_view label) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(workers_.size()), 0);
  counts.front() = layout_.bytes();
  workers_.share({static_cast<void*>(parameters_.data()), layout_.bytes(), DType::u8}, counts,
                 label);
}

void GradientAccumulator::Impl::share_initial_values() {
  share_parameters_of_worker_0("initial parameters");
  broadcast_tensors(workers_, tensors_.frozen);
  broadcast_tensors(workers_, tensors_.buffers);
}

void GradientAccumulator::Impl::require_parameters(const char* call) const {
  DGA_CHECK(average_ == nullptr || !average_->in_use(), "[parallel] ", call,
            ": expected the parameters in the module, found their moving average. Call "
            "use_average(false) first.");
}

void GradientAccumulator::Impl::settle_values(bool mends) {
  std::int64_t loaded = 0;
  try {
    run_agreed(workers_, [&] {
      if (mends && said_that_changed_) {
        bound_.check_shapes();
      } else {
        check_values(BoundParameters::ValueCheck::fingerprints);
      }
      loaded = bound_.left().empty() ? 0 : 1;
    });
  } catch (const InvalidArgument&) {
    said_that_changed_ = true;
    throw;
  }
  workers_.all_reduce({&loaded, 1}, ReduceOp::max, "whether values were loaded");
  if (loaded != 0) {
    take_loaded_values();
  }
}

void GradientAccumulator::Impl::find_buffers() {
  std::vector<NamedTensor> found;
  run_agreed(workers_, [&] {
    if (has_turns()) {
      check_buffers();
    }
    found = buffers_of(*module_);
  });
  require_same_lines(workers_, lines_of(found), "buffers of the module",
                     "Register them alike on every worker.");
  tensors_.buffers = std::move(found);
}

void GradientAccumulator::Impl::warn_of_changes() const noexcept {
  try {
    const Placement placement = workers_.placement();
    const int node = placement.node_of[static_cast<std::size_t>(workers_.rank())];
    const bool average_in_use = average_ != nullptr && average_->in_use();
    if (said_that_changed_ || average_in_use || std::uncaught_exceptions() > 0 ||
        placement.workers_of(node).size() == 1) {
      return;
    }
    const std::string text =
        text_of_failure([this] { bound_.check_values(BoundParameters::ValueCheck::fingerprints); });
    if (!text.empty()) {
      warn(text + " After the training, use set_data, or destroy the accumulator first.");
    }
  } catch (...) {
    // Only a warning.
  }
}

void GradientAccumulator::Impl::warn(const std::string& text) const {
  if (options_.warn) {
    options_.warn(text);
  } else {
    std::cerr << text + '\n';
  }
}

void GradientAccumulator::Impl::expect_samples(std::int64_t total) {
  const std::int64_t most = kMostSamples * blocks_.workers();
  DGA_CHECK(total >= 0 && total <= most, "[parallel] expect_samples: expected 0 to ", most,
            " samples over all workers, found ", total, ". Pass the sum of all workers' samples.");
  DGA_CHECK(
      !turns_.open && turns_.ended == 0,
      "[parallel] expect_samples: expected it before the first turn of a step, found it after. "
      "Pass the samples of all workers before begin_turn.");
  reducer_->expect_samples(total);
}

void GradientAccumulator::Impl::synchronize_buffers(std::optional<std::int64_t> num_samples) {
  DGA_CHECK(!num_samples || !has_turns(),
            "[parallel] synchronize_buffers: expected no number of samples on a carrier of several "
            "workers, each of which has its own, found one. Leave it out.");
  DGA_CHECK(
      !has_turns() || !step_under_way(),
      "[parallel] synchronize_buffers: expected it between steps, found it between turns. Call "
      "step() first.");
  const std::int64_t weight = num_samples.value_or(buffer_samples_);
  DGA_CHECK(weight >= 0 && weight <= kMostSamples,
            "[parallel] synchronize_buffers: expected 0 to 2^48 samples, found ", weight,
            ". Pass the number of this worker's samples.");
  find_buffers();
  std::vector<WeightedTensors> own;
  if (has_turns()) {
    for (const WorkerBuffers& each : worker_buffers_) {
      own.push_back({each.values, each.samples});
    }
  } else {
    own.push_back({values_of(tensors_.buffers), weight});
  }
  average_tensors(workers_, blocks_, own);
  for (WorkerBuffers& each : worker_buffers_) {
    each.samples = 0;
  }
  if (has_turns()) {
    load_buffers(worker_buffers_.front());
  }
  buffer_samples_ = 0;
}

void GradientAccumulator::Impl::update_parameters(const std::function<void()>& change) {
  DGA_CHECK(change != nullptr,
            "[parallel] update_parameters: expected a function, found none. Pass what changes the "
            "parameters.");
  change_parameters(change, /*shares_all=*/false);
}

void GradientAccumulator::Impl::change_parameters(const std::function<void()>& change,
                                                  bool shares_all) {
  require_parameters("update_parameters");
  DGA_CHECK(
      !step_under_way(),
      "[parallel] update_parameters: expected it between steps, found it after backward. Call "
      "step() first.");
  settle_values(/*mends=*/true);
  find_buffers();
  optimizer_->note_values();
  workers_.barrier("update of parameters");  // nobody reads the old values any more
  if (has_turns()) {
    load_buffers(worker_buffers_.front());
  }
  const bool mine = workers_.rank() == 0;
  std::vector<std::byte> before;
  std::vector<TensorBackup> others;  // of tensors of which each worker has its own
  if (mine) {
    before.assign(parameters_.data(), parameters_.data() + layout_.bytes());
    others.emplace_back(tensors_.frozen);
    others.emplace_back(tensors_.buffers);
  }
  std::uint8_t others_changed = shares_all ? 1 : 0;
  try {
    run_agreed(workers_, [&] {
      if (mine) {
        const at::NoGradGuard no_grad;
        change();
        bound_.check_shapes();
        optimizer_->check_unchanged();
        for (const TensorBackup& backup : others) {
          if (backup.changed()) {
            others_changed = 1;
          }
        }
        bound_.bring_back(bound_.left(), true);
      }
    });
  } catch (const InvalidArgument&) {
    if (mine) {
      std::copy(before.begin(), before.end(), parameters_.data());
      bound_.bring_back(bound_.all(), false);
      for (const TensorBackup& backup : others) {
        backup.restore();
      }
    }
    workers_.barrier("parameters as before");
    bound_.note_values();
    optimizer_->note_values();
    throw;
  }
  share_parameters_of_worker_0("updated parameters");
  bound_.values_changed();
  said_that_changed_ = false;
  workers_.broadcast({&others_changed, 1}, 0, "whether other tensors changed");
  if (others_changed != 0) {
    broadcast_tensors(workers_, tensors_.frozen);
    broadcast_tensors(workers_, tensors_.buffers);
    for (WorkerBuffers& each : worker_buffers_) {
      save_buffers(each);
    }
  }
}

void GradientAccumulator::Impl::use_average(bool average) {
  DGA_CHECK(average_ != nullptr,
            "[parallel] use_average: expected a moving average, found that none is kept. Set "
            "ema_decay.");
  if (average == average_->in_use()) {
    return;
  }
  if (average) {
    settle_values(/*mends=*/false);
    average_->use(true);
    return;
  }
  average_->use(false);
  // Whatever was done to the average is gone with it.
  bound_.bring_back(bound_.all(), false);
  bound_.note_values();
}

GradientAccumulator::GradientAccumulator(const Environment& env,
                                         std::shared_ptr<torch::nn::Module> module,
                                         const OptimizerFactory& factory,
                                         AccumulatorOptions options)
    : impl_(std::make_unique<Impl>(env, std::move(module), factory, std::move(options))) {}

GradientAccumulator::~GradientAccumulator() = default;

void GradientAccumulator::backward(const at::Tensor& loss, std::int64_t num_samples,
                                   BackwardOptions options) {
  const std::array takers{impl_.get()};
  Impl::backward(takers, loss, num_samples, options);
}

void backward(std::span<GradientAccumulator* const> accumulators, const at::Tensor& loss,
              std::int64_t num_samples, BackwardOptions options) {
  DGA_CHECK(
      !accumulators.empty() && std::count(accumulators.begin(), accumulators.end(), nullptr) == 0,
      "[parallel] backward: expected one accumulator or more, found ",
      accumulators.empty() ? "none." : "a null pointer.");
  std::vector<GradientAccumulator::Impl*> takers;
  for (GradientAccumulator* accumulator : accumulators) {
    takers.push_back(accumulator->impl_.get());
  }
  GradientAccumulator::Impl::backward(takers, loss, num_samples, options);
}

bool GradientAccumulator::step() {
  return impl_->step();
}

void GradientAccumulator::finish() {
  impl_->finish();
}

void GradientAccumulator::zero_grad() {
  impl_->zero_grad();
}

AccumulatorState GradientAccumulator::state() {
  return impl_->state();
}

void GradientAccumulator::load_state(const AccumulatorState& state) {
  impl_->load_state(state);
}

std::int64_t GradientAccumulator::num_skipped() const noexcept {
  return impl_->num_skipped();
}

double GradientAccumulator::loss_scale() const noexcept {
  return impl_->loss_scale();
}

void GradientAccumulator::expect_samples(std::int64_t total) {
  impl_->expect_samples(total);
}

void GradientAccumulator::begin_turn(int worker) {
  impl_->begin_turn(worker);
}

void GradientAccumulator::end_turn() {
  impl_->end_turn();
}

void GradientAccumulator::synchronize_buffers() {
  impl_->synchronize_buffers(std::nullopt);
}

void GradientAccumulator::synchronize_buffers(std::int64_t num_samples) {
  impl_->synchronize_buffers(num_samples);
}

void GradientAccumulator::update_parameters(const std::function<void()>& change) {
  impl_->update_parameters(change);
}

void GradientAccumulator::use_average(bool average) {
  impl_->use_average(average);
}

OwnedState GradientAccumulator::owned_state(AccumulatorState& rest) {
  return impl_->owned_state(rest);
}

void GradientAccumulator::load_owned_state(const AccumulatorState& rest, const ReadRange& read,
                                           const std::function<void()>& change) {
  impl_->load_owned_state(rest, read, change);
}

torch::nn::Module& GradientAccumulator::module() const noexcept {
  return impl_->module();
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
