// SPDX-License-Identifier: Apache-2.0
//
// GradientAccumulator's turns: a carrier computes the gradients of its workers one after the other,
// in one buffer, and keeps only partial sums.

#include <algorithm>
#include <utility>

#include "dga/base/error.h"
#include "dga/parallel/accumulator_impl.h"
#include "dga/parallel/agreement.h"

namespace dga {

void GradientAccumulator::Impl::begin_turn(int worker) {
  if (!has_turns()) {
    random_->reseed(random_key());  // as below: what was drawn since the last step has no effect
    return;
  }
  const WorkerBlock block = blocks_.of(workers_.rank());
  DGA_CHECK(!turns_.open && turns_.ended < block.count && worker == block.first + turns_.ended,
            "[parallel] begin_turn: expected the turns of workers ", block.first, " to ",
            block.end() - 1, " in this order, one in a step, found worker ", worker, " after ",
            turns_.ended, " turns", turns_.open ? " and an open one." : ".");
  DGA_CHECK(reducer_->expected_samples().has_value(),
            "[parallel] begin_turn: expected a call of expect_samples before the first turn of a "
            "step, found none.");
  DGA_CHECK(micro_step_ == 0,
            "[parallel] begin_turn: expected no backward outside of turns, found one. Call it "
            "between begin_turn and end_turn.");
  load_buffers(worker_buffers_[static_cast<std::size_t>(turns_.ended)]);
  turns_.open = true;
  random_->reseed(random_key());
}

void GradientAccumulator::Impl::end_turn() {
  if (!has_turns()) {
    return;
  }
  DGA_CHECK(turns_.open,
            "[parallel] end_turn: expected an open turn, found none. Call begin_turn.");
  const std::string refusal = !refusal_.empty() ? refusal_ : text_of_failure([this] {
    bound_.check_gradients(contribution_.used, foreign_);
  });
  if (turns_.refusal.empty()) {
    turns_.refusal = refusal;
  }
  WorkerBuffers& buffers = worker_buffers_[static_cast<std::size_t>(turns_.ended)];
  save_buffers(buffers);  // may throw, and then nothing has been added up
  clear_unused();
  add_turn();
  buffers.samples += std::exchange(buffer_samples_, 0);
  forget_contribution();
  turns_.open = false;
  ++turns_.ended;
}

void GradientAccumulator::Impl::add_turn() {
  const bool was_finite = !reducer_->own_non_finite();
  reducer_->end_turn(contribution_);
  if (was_finite && reducer_->own_non_finite()) {
    turns_.non_finite_worker = worker();
  }
  StepContribution& sum = turns_.sum;
  if (turns_.ended == 0) {
    sum = contribution_;
    return;
  }
  sum.samples += contribution_.samples;
  if (contribution_.unit_samples > 0) {
    sum.unit_samples = contribution_.unit_samples;
    sum.loss_scale = contribution_.loss_scale;
  }
  sum.all_used = sum.all_used || contribution_.all_used;
  std::transform(sum.used.begin(), sum.used.end(), contribution_.used.begin(), sum.used.begin(),
                 [](std::uint8_t a, std::uint8_t b) { return std::max(a, b); });
}

/// A buffer that the module has registered or replaced since is one of all workers of the carrier:
/// their values would mix.
void GradientAccumulator::Impl::check_buffers() const {
  const std::vector<NamedTensor> now = buffers_of(*module_);
  const bool same =
      std::equal(now.begin(), now.end(), tensors_.buffers.begin(), tensors_.buffers.end(),
                 [](const auto& a, const auto& b) { return a.tensor.is_same(b.tensor); });
  DGA_CHECK(same,
            "[parallel] step: expected the buffers that the module had when the accumulator was "
            "made, since the workers of a carrier have values of their own, found others. Use a "
            "carrier for each worker, or register all buffers in the constructor.");
}

/// Makes what all workers of the block contribute that of this carrier.
void GradientAccumulator::Impl::close_turns() {
  const int count = blocks_.of(workers_.rank()).count;
  DGA_CHECK(!turns_.open && turns_.ended == count, "[parallel] step: expected a turn of each of ",
            count, " workers, found ", turns_.ended, turns_.open ? " and an open one." : ".",
            " Call begin_turn and end_turn for each worker.");
  contribution_ = turns_.sum;
  refusal_ = turns_.refusal;
}

void GradientAccumulator::Impl::save_buffers(WorkerBuffers& to) {
  const at::NoGradGuard no_grad;
  to.values.resize(tensors_.buffers.size());
  for (std::size_t i = 0; i < to.values.size(); ++i) {
    const at::Tensor& buffer = tensors_.buffers[i].tensor;
    if (to.values[i].defined()) {
      to.values[i].copy_(buffer);
    } else {
      to.values[i] = buffer.detach().clone();
    }
  }
}

void GradientAccumulator::Impl::load_buffers(const WorkerBuffers& from) {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < from.values.size(); ++i) {
    tensors_.buffers[i].tensor.detach().copy_(from.values[i]);
  }
}

}  // namespace dga
