// SPDX-License-Identifier: Apache-2.0
//
// GradientAccumulator::step. All workers take, skip or refuse a step together: what only one of
// them knows is said before the reduction, and nobody changes a parameter before everybody has
// heard it.

#include <ATen/autocast_mode.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "dga/base/checksum.h"
#include "dga/base/error.h"
#include "dga/base/random.h"
#include "dga/comm/sum_over_workers.h"
#include "dga/comm/texts.h"
#include "dga/parallel/accumulator_impl.h"
#include "dga/parallel/agreement.h"
#include "dga/parallel/settings_digest.h"

namespace dga {

GradientAccumulator::Impl::Outcome GradientAccumulator::Impl::step_as(bool finished) {
  require_parameters("step");
  if (has_turns()) {
    close_turns();
  }
  contribution_.finished = finished;
  const std::string refusal = reason_to_refuse();
  contribution_.scale_lowered = scaler_ && scale_of_step() < loss_scale();
  contribution_.refused = !refusal.empty();
  if (!has_turns()) {  // else each turn has done so
    clear_unused();
  }
  const StepTotals totals = reducer_->reduce(contribution_);
  recorder_.enter(StepPhase::compute);
  require_agreement(totals, refusal);
  if (totals.finished && totals.samples == 0) {
    discard_step();
    return {.taken = false, .finished = true};
  }
  if (totals.samples == 0) {
    reducer_->discard();
  } else if (!totals.finite || (options_.on_gradients && !call_on_gradients(totals))) {
    skip_step();
    return {};
  } else {
    take_step(totals);
  }
  // A scale that was not used shows nothing about whether a larger one would do.
  if (scaler_ && totals.samples > 0 && !totals.scale_lowered) {
    scaler_->update(true);
  }
  forget_step();
  ++num_steps_;
  workers_.note_steps(num_steps_ + num_skipped_);
  if (totals.samples > 0) {
    unused_.step_taken(totals.used, [&](std::size_t i) { return tensors_.trained[i].name; });
  }
  random_->reseed(random_key());
  recorder_.end_step();
  return {.taken = true, .finished = false};
}

void GradientAccumulator::Impl::finish() {
  DGA_CHECK(!has_turns(),
            "[parallel] finish: expected a carrier for each worker, found one with several. Give "
            "workers without batches turns without samples.");
  while (!step_as(true).finished) {
  }
}

std::string GradientAccumulator::Impl::reason_to_refuse() {
  if (!refusal_.empty()) {
    return refusal_;
  }
  return text_of_failure([this] {
    check_values(BoundParameters::ValueCheck::fingerprints);
    if (contribution_.finished) {
      return_borrowed();
    }
    if (borrowed_.samples > 0 && !foreign_) {
      use_borrowed();
    }
    if (!has_turns()) {
      bound_.check_gradients(contribution_.used, foreign_);
    }
    check_module();
    if (has_turns()) {
      check_buffers();
    }
    optimizer_->check_unchanged();
    std::uint64_t digest = optimizer_->settings_digest();
    if (options_.learning_rate) {
      rate_factor_ = options_.learning_rate(num_steps_);
      DGA_CHECK(std::isfinite(rate_factor_), "[parallel] learning_rate: expected a number in step ",
                num_steps_, ", found ", rate_factor_, ".");
      digest = combined_digest(digest, rate_factor_);
    }
    if (reducer_->expected_samples()) {
      digest = combined_digest(digest, static_cast<double>(*reducer_->expected_samples()));
    }
    for (std::size_t i = 0; i < tensors_.trained.size(); ++i) {
      if (!tensors_.trained[i].tensor.requires_grad()) {
        digest = combined_digest(digest, static_cast<double>(i));
      }
    }
    contribution_.settings = digest;
    contribution_.loaded = !bound_.left().empty();
  });
}

std::vector<std::string> GradientAccumulator::Impl::settings_lines() const {
  std::vector<std::string> lines = optimizer_->settings_lines();
  if (options_.learning_rate) {
    lines.push_back(dga::str("learning_rate in step ", num_steps_, ": ", rate_factor_));
  }
  lines.push_back(reducer_->expected_samples()
                      ? dga::str("expect_samples: ", *reducer_->expected_samples())
                      : std::string("expect_samples: not called"));
  for (const NamedTensor& trained : tensors_.trained) {
    lines.push_back(dga::str("requires_grad of ", trained.name, ": ",
                             trained.tensor.requires_grad() ? "true" : "false"));
  }
  return lines;
}

void GradientAccumulator::Impl::check_module() {
  for (const NamedTensor& frozen : tensors_.frozen) {
    DGA_CHECK(!frozen.tensor.requires_grad(), "[parallel] parameter '", frozen.name,
              "': expected it frozen as when the accumulator was made, found that it requires a "
              "gradient. Make another accumulator to train it.");
  }
  watch_.check();
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

void GradientAccumulator::Impl::require_agreement(const StepTotals& totals,
                                                  const std::string& refusal) {
  try {
    if (totals.refused) {
      throw InvalidArgument(first_text(workers_, refusal));
    }
    if (!totals.same_settings) {
      require_same_lines(workers_, settings_lines(), "settings of a step",
                         "Change them alike on every worker.");
    }
    const auto& expected = reducer_->expected_samples();
    DGA_CHECK(!expected || *expected == totals.samples, "[parallel] step: expected ",
              expected.value_or(0), " samples over all workers, as expect_samples was told, found ",
              totals.samples, ". Pass every worker the same total of what all pass to backward.");
    if (totals.loaded) {
      take_loaded_values();
    }
  } catch (const InvalidArgument&) {  // the same on every worker
    discard_step();
    throw;
  }
}

void GradientAccumulator::Impl::take_loaded_values() {
  std::vector<std::string> lines;
  const std::vector<std::size_t> left = bound_.left();
  for (const std::size_t number : left) {
    const at::Tensor values = bound_.parameter(number).detach().contiguous();
    const auto bytes = std::span(static_cast<const std::byte*>(values.const_data_ptr()),
                                 static_cast<std::size_t>(values.nbytes()));
    lines.push_back(
        dga::str("values of ", tensors_.trained[number].name, ", checksum ", checksum(bytes)));
  }
  require_same_lines(workers_, lines, "values loaded into the module",
                     "Load the same values on every worker, or in update_parameters.");
  // Backward has ended on all workers, so nobody reads the node's copy.
  const Placement placement = workers_.placement();
  const int node = placement.node_of[static_cast<std::size_t>(workers_.rank())];
  bound_.bring_back(left, placement.workers_of(node).front() == workers_.rank());
  workers_.barrier("loaded values");
  bound_.note_values();
}

bool GradientAccumulator::Impl::call_on_gradients(const StepTotals& totals) {
  const std::vector<GradientSlice> slices = optimizer_->slices(totals.used);
  const std::string failure = text_of_failure([&] { options_.on_gradients(slices); });
  const bool finite =
      !checks_finite() || !first_non_finite(layout_, workers_.rank(), reducer_->gradients());
  std::array<std::int64_t, 2> any{failure.empty() ? 0 : 1, finite ? 0 : 1};
  workers_.all_reduce({any.data(), any.size()}, ReduceOp::max, "on_gradients");
  if (any[0] != 0) {
    const std::string text = first_text(workers_, failure);
    discard_step();
    throw InvalidArgument(text);
  }
  return any[1] == 0;
}

void GradientAccumulator::Impl::take_step(const StepTotals& totals) {
  if (options_.clip_norm > 0) {
    clip();
  }
  if (options_.learning_rate) {
    optimizer_->scale_learning_rates(rate_factor_);
  }
  const std::string failure = optimizer_->step(
      totals.used, [this](const std::string& text) { return first_text(workers_, text); });
  if (!failure.empty()) {
    workers_.barrier("parameters as before");  // the workers of a node read each other's slices
    discard_step();
    throw InvalidArgument(failure);
  }
  if (average_ != nullptr) {
    average_->update();
  }
  reducer_->share_parameters();
  // A graph from before the step no longer fits the parameters: torch then says so in backward.
  bound_.values_changed();
  at::autocast::clear_cache();  // copies of the old values in another type
}

void GradientAccumulator::Impl::clip() {
  std::vector<double> sums = optimizer_->squared_norms();
  recorder_.enter(StepPhase::wait);
  sums = sum_over_workers(workers_, blocks_, std::move(sums), "gradient norm");
  recorder_.enter(StepPhase::compute);
  gradient_norm_ = std::sqrt(sums.front());
  const double factor = options_.clip_norm / (gradient_norm_ + 1e-6);
  if (factor < 1) {
    optimizer_->scale_gradients(factor);
  }
}

void GradientAccumulator::Impl::skip_step() {
  if (!skips_non_finite()) {
    throw_non_finite();
  }
  reducer_->discard();
  forget_step();
  ++num_skipped_;
  workers_.note_steps(num_steps_ + num_skipped_);
  if (scaler_) {
    scaler_->update(false);
  }
  random_->reseed(random_key());
  recorder_.end_step();
}

void GradientAccumulator::Impl::throw_non_finite() {
  std::string text;
  if (const auto& own = reducer_->own_non_finite()) {
    text = text_of(*own,
                   dga::str("worker ", has_turns() ? turns_.non_finite_worker : workers_.rank()));
  }
  text = first_text(workers_, text);
  if (text.empty()) {  // each worker's gradients are finite, their sum is not
    if (const auto bad = first_non_finite(layout_, workers_.rank(), reducer_->gradients())) {
      text = text_of(*bad, "the sum over the workers");
    }
    text = first_text(workers_, text);
  }
  discard_step();
  throw Error(text);
}

std::string GradientAccumulator::Impl::text_of(const FiniteCheck::NonFinite& bad,
                                               const std::string& from) const {
  const int parameter = std::max(layout_.parameter_at(bad.bucket, bad.element), 0);
  const PlacedParameter& placed = layout_.parameters()[static_cast<std::size_t>(parameter)];
  return dga::str("[parallel] gradient of '", placed.spec.name, "' is not finite at step ",
                  num_steps_, ": expected numbers, found ", bad.value, " in element ",
                  bad.element - placed.elements.first, " of ", placed.spec.count(), ", from ", from,
                  ". Lower the learning rate, set clip_norm, or look at that step's samples.");
}

void GradientAccumulator::Impl::discard_step() {
  reducer_->discard();
  forget_step();
  recorder_.restart();
}

void GradientAccumulator::Impl::forget_step() {
  forget_contribution();
  contribution_.all_used = false;
  contribution_.loaded = false;
  contribution_.refused = false;
  contribution_.finished = false;
  contribution_.scale_lowered = false;
  reducer_->expect_samples(std::nullopt);
  if (has_turns()) {
    turns_ = {};
    load_buffers(
        worker_buffers_.front());  // between steps the module has those of its first worker
  }
}

}  // namespace dga
