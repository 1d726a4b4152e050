// SPDX-License-Identifier: Apache-2.0
//
// GradientAccumulator::backward: which gradients an accumulator takes, and which it leaves.

#include <ATen/ops/full.h>

#include <algorithm>
#include <array>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/exception_text.h"
#include "dga/parallel/accumulator_impl.h"

namespace dga {
std::vector<GradientAccumulator::Impl*>& GradientAccumulator::Impl::living() {
  static thread_local std::vector<Impl*> living;
  return living;
}

GradientAccumulator::Impl::~Impl() {
  warn_of_changes();
  auto& all = living();
  all.erase(std::remove(all.begin(), all.end(), this), all.end());
}

/// The accumulators that a backward is not for, while it runs. One that has gradients of its own
/// keeps them: autograd would add to them. One that has none may use what it is given.
class GradientAccumulator::Impl::OthersTurn {
 public:
  OthersTurn(std::span<Impl* const> takers, std::int64_t num_samples)
      : lender_(*takers.front()), num_samples_(num_samples) {
    for (Impl* other : living()) {
      if (std::find(takers.begin(), takers.end(), other) != takers.end()) {
        continue;
      }
      others_.emplace_back(other, other->micro_step_ > 0 ? other->bound_.take_gradients_out()
                                                         : std::vector<at::Tensor>());
      other->others_turn_ = true;
      other->reached_ = false;
    }
  }
  ~OthersTurn() {
    for (auto& [other, kept] : others_) {
      other->others_turn_ = false;
      if (other->micro_step_ > 0) {
        other->bound_.put_gradients_back(std::move(kept));
      } else if (other->reached_ && other->has_turns()) {
        other->bound_.drop_gradients();  // whose they are would be known in its turn only
      } else if (other->reached_) {
        other->borrow(num_samples_, lender_);
      }
    }
  }
  OthersTurn(const OthersTurn&) = delete;
  OthersTurn& operator=(const OthersTurn&) = delete;

 private:
  const Impl& lender_;
  std::int64_t num_samples_;
  std::vector<std::pair<Impl*, std::vector<at::Tensor>>> others_;
};

void GradientAccumulator::Impl::backward(std::span<Impl* const> takers, const at::Tensor& loss,
                                         std::int64_t num_samples, BackwardOptions options) {
  for (const Impl* taker : takers) {
    taker->check_backward(loss, num_samples);
  }
  const double scale = common_scale(takers);
  check_alike(takers, num_samples, scale);
  const double value = takers.front()->initial_gradient(num_samples, scale);
  for (Impl* taker : takers) {
    taker->begin_backward(num_samples, scale);
  }
  if (num_samples == 0) {
    return;
  }
  const OthersTurn others(takers, num_samples);
  try {
    loss.backward(takers.front()->seed_of(loss, value), options.retain_graph);
  } catch (const std::exception& error) {
    for (Impl* taker : takers) {
      taker->forget_backward(num_samples, exception_text(error));
    }
    throw;
  } catch (...) {
    for (Impl* taker : takers) {
      taker->forget_backward(num_samples, "an exception");
    }
    throw;
  }
  for (Impl* taker : takers) {
    taker->in_backward_ = false;
    taker->bound_.give_rows_back(taker->contribution_.used);
  }
}

double GradientAccumulator::Impl::common_scale(std::span<Impl* const> takers) {
  // The smallest: their scales differ after a step that only one of them has skipped.
  double scale = takers.front()->scale_of_step();
  for (const Impl* taker : takers) {
    DGA_CHECK(taker->scaler_.has_value() == takers.front()->scaler_.has_value(),
              "[parallel] backward for several accumulators: expected a grad_scaler in all of them "
              "or in none, found one in some.");
    scale = std::min(scale, taker->scale_of_step());
  }
  for (const Impl* taker : takers) {  // whose earlier gradients of the step have a scale
    scale = taker->contribution_.unit_samples > 0 ? taker->scale_of_step() : scale;
  }
  return scale;
}

void GradientAccumulator::Impl::check_alike(std::span<Impl* const> takers, std::int64_t num_samples,
                                            double scale) {
  const double first = takers.front()->initial_gradient(num_samples, scale);
  for (const Impl* taker : takers) {
    DGA_CHECK(std::count(takers.begin(), takers.end(), taker) == 1,
              "[parallel] backward: expected each accumulator once, found one twice.");
    const double own = taker->initial_gradient(
        num_samples, taker->contribution_.unit_samples > 0 ? taker->scale_of_step() : scale);
    DGA_CHECK(own == first,
              "[parallel] backward for several accumulators: expected the same initial gradient "
              "for all, found ",
              first, " and ", own,
              ". In a step, pass the same accumulators and sample counts to each call.");
  }
}

void GradientAccumulator::Impl::check_backward(const at::Tensor& loss,
                                               std::int64_t num_samples) const {
  DGA_CHECK(num_samples >= 0 && num_samples <= kMostSamples,
            "[parallel] backward: expected 0 to 2^48 samples, found ", num_samples, ".");
  require_parameters("backward");
  DGA_CHECK(!has_turns() || turns_.open,
            "[parallel] backward: expected it between begin_turn and end_turn, found it outside. A "
            "carrier of several workers must know whose samples these are.");
  DGA_CHECK(micro_step_ < options_.micro_steps, "[parallel] backward: expected at most ",
            options_.micro_steps,
            " calls a step, found one more. Call step() first, or raise micro_steps.");
  DGA_CHECK(num_samples == 0 || (loss.defined() && loss.numel() == 1 && loss.requires_grad()),
            "[parallel] backward: expected a scalar loss that depends on the parameters, found ",
            loss.defined() ? dga::str("a tensor of shape ", loss.sizes()) : "an undefined tensor",
            ". Pass the mean over this worker's samples.");
  DGA_CHECK(refusal_.empty(),
            "[parallel] backward: expected whole gradients, found those of a backward that threw. "
            "Call step(), which then refuses the step on every worker, or zero_grad().");
  check_values(BoundParameters::ValueCheck::versions);  // step looks closer
  if (borrowed_.samples == 0 || foreign_) {
    bound_.check_gradients(contribution_.used, foreign_);
  }
}

void GradientAccumulator::Impl::check_values(BoundParameters::ValueCheck check) const {
  try {
    bound_.check_values(check);
  } catch (const InvalidArgument&) {
    said_that_changed_ = true;
    throw;
  }
}

double GradientAccumulator::Impl::scale_of_step() const noexcept {
  return contribution_.unit_samples > 0 ? contribution_.loss_scale : loss_scale();
}

double GradientAccumulator::Impl::initial_gradient(std::int64_t num_samples,
                                                   double scale) const noexcept {
  const std::int64_t unit =
      contribution_.unit_samples > 0 ? contribution_.unit_samples : num_samples;
  return unit == 0 ? 0 : static_cast<double>(num_samples) / static_cast<double>(unit) * scale;
}

const at::Tensor& GradientAccumulator::Impl::seed_of(const at::Tensor& loss, double value) {
  // Nearly always the same: kept, for it costs an operator.
  const bool reusable = seed_tensor_.defined() && seed_value_ == value &&
                        seed_tensor_.sizes() == loss.sizes() &&
                        seed_tensor_.scalar_type() == loss.scalar_type();
  if (!reusable) {
    seed_tensor_ = at::full(loss.sizes(), value, loss.options().requires_grad(false));
    seed_value_ = value;
  }
  return seed_tensor_;
}

void GradientAccumulator::Impl::begin_backward(std::int64_t num_samples, double scale) {
  ++micro_step_;
  foreign_ = false;  // the program has dropped its gradients
  return_borrowed();
  contribution_.samples += num_samples;
  buffer_samples_ += num_samples;
  if (contribution_.unit_samples == 0) {
    contribution_.unit_samples = num_samples;
  }
  contribution_.loss_scale = scale;
  in_last_backward_ = options_.overlap && micro_step_ == options_.micro_steps;
  if (in_last_backward_) {
    for (std::size_t bucket = 0; bucket < missing_.size(); ++bucket) {
      missing_[bucket] = static_cast<int>(layout_.buckets()[bucket].parameters.size());
    }
    reducer_->last_backward(contribution_);
  }
  in_backward_ = num_samples > 0;
  if (in_backward_) {
    bound_.take_rows_away();
  }
}

void GradientAccumulator::Impl::forget_backward(std::int64_t num_samples, const std::string& why) {
  in_backward_ = false;
  buffer_samples_ -= num_samples;
  if (micro_step_ == 1 && !reducer_->begun()) {
    forget_contribution();
    return;
  }
  // Nothing undoes what was added to the gradients of earlier calls, or is being reduced.
  refusal_ = dga::str("[parallel] step: expected whole gradients on worker ", worker(),
                      ", found those of a backward that threw: ", why,
                      ". The step is refused on every worker; the next one works.");
}

void GradientAccumulator::Impl::forget_contribution() {
  bound_.drop_gradients();
  reducer_->rows().clear();
  arrived_.assign(arrived_.size(), false);
  contribution_.used.assign(contribution_.used.size(), 0);
  contribution_.samples = 0;
  contribution_.unit_samples = 0;
  micro_step_ = 0;
  in_last_backward_ = false;
  foreign_ = false;
  borrowed_ = {};
  refusal_.clear();
}

void GradientAccumulator::Impl::borrow(std::int64_t num_samples, const Impl& from) {
  const StepContribution& lender = from.contribution_;
  const bool first = borrowed_.samples == 0;
  // After a backward that threw, the lender has forgotten its samples.
  borrowed_.mixed = borrowed_.mixed || lender.samples == 0 ||
                    (!first && (borrowed_.unit_samples != lender.unit_samples ||
                                borrowed_.loss_scale != lender.loss_scale));
  borrowed_.samples += num_samples;
  borrowed_.unit_samples = lender.unit_samples;
  borrowed_.loss_scale = lender.loss_scale;
  borrowed_.scaled = from.scaler_.has_value();
}

void GradientAccumulator::Impl::return_borrowed() {
  if (borrowed_.samples > 0) {
    borrowed_ = {};
    bound_.drop_gradients();
  }
}

void GradientAccumulator::Impl::use_borrowed() {
  DGA_CHECK(!borrowed_.mixed,
            "[parallel] step: expected gradients of one step, found those of several backward "
            "calls of other accumulators. Pass all accumulators to dga::backward.");
  DGA_CHECK(borrowed_.scaled == scaler_.has_value(),
            "[parallel] step: expected a grad_scaler in all accumulators of a loss or in none, "
            "found one in some.");
  contribution_.samples = borrowed_.samples;
  contribution_.unit_samples = borrowed_.unit_samples;
  contribution_.loss_scale = borrowed_.loss_scale;
  buffer_samples_ += borrowed_.samples;
  for (std::size_t number = 0; number < contribution_.used.size(); ++number) {
    if (bound_.has_gradient(number)) {
      bound_.take_gradient(number);
      contribution_.used[number] = 1;
    }
  }
  bound_.give_rows_back(contribution_.used);
  borrowed_ = {};
}

void GradientAccumulator::Impl::zero_grad() {
  DGA_CHECK(turns_.ended == 0,
            "[parallel] zero_grad: expected it within the first turn of a step, found ",
            turns_.ended,
            " turns that have ended. Their gradients are added up already: call step().");
  DGA_CHECK(!reducer_->begun(),
            "[parallel] zero_grad: expected it before the last backward of a step, found that the "
            "nodes have begun to reduce the gradients. Call step(), or set overlap to false.");
  buffer_samples_ -= contribution_.samples;
  forget_contribution();
}

void GradientAccumulator::Impl::on_gradient(std::size_t number) {
  if (!in_backward_) {
    // A gradient of no accumulator's backward is found by the next call, unless the program drops
    // it, as after computing gradients of inputs.
    (others_turn_ ? reached_ : foreign_) = true;
    return;
  }
  const PlacedParameter& placed = layout_.parameters()[number];
  DGA_CHECK(!reducer_->bucket_started(placed.bucket), "[parallel] gradient of '", placed.spec.name,
            "': expected one gradient in a backward, found another after its reduction had "
            "started. Set overlap to false for modules that recompute.");
  bound_.take_gradient(number);
  contribution_.used[number] = 1;
  if (in_last_backward_ && !arrived_[number] && !bound_.is_tied(number)) {
    arrived_[number] = true;
    if (--missing_[static_cast<std::size_t>(placed.bucket)] == 0) {
      reducer_->bucket_ready(placed.bucket);
    }
  }
}

}  // namespace dga
