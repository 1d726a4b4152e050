// SPDX-License-Identifier: Apache-2.0

#include "dga/train/run_checkpoints.h"

#include <utility>

#include "dga/base/error.h"
#include "dga/base/log.h"
#include "dga/storage/store_path.h"
#include "dga/train/checkpoint.h"

namespace dga {

RunCheckpoints::RunCheckpoints(const Environment& environment, const TrainPlan& plan,
                               const ResumePoint* resume, std::string folder)
    : environment_(environment), plan_(plan), resume_(resume), folder_(std::move(folder)) {}

bool RunCheckpoints::has_kept(bool between_epochs) const noexcept {
  return !between_epochs || plan_.options.training.keep_best || plan_.options.training.ema > 0;
}

void RunCheckpoints::load_module(torch::nn::Module& module, KeptWeights& kept) {
  if (!restores() || !environment_.is_root()) {
    return;
  }
  restored_ = read_checkpoint(resume_->path, resume_->state, module, kept);
  if (!resume_->state.has_kept && !resume_->state.epochs.empty()) {
    kept.keep(module);
  }
}

void RunCheckpoints::load_accumulator(GradientAccumulator& accumulator) {
  if (!restores()) {
    return;
  }
  // The learning rate may have been changed since: the accumulator has that of the options now.
  restored_.learning_rates = accumulator.state().learning_rates;
  accumulator.load_state(restored_);
  restored_ = {};
  if (StorePath(resume_->path).parent().parent().canonical() == StorePath(folder_).canonical()) {
    saved_ = resume_->path;
    saved_step_ = resume_->state.num_steps + resume_->state.num_skipped;
  }
}

bool RunCheckpoints::is_due_after_epoch(std::int64_t epoch) const noexcept {
  const Interval& every = plan_.options.output.checkpoint_every;
  return !every.is_never() && (epoch == plan_.options.training.epochs ||
                               (every.unit == Interval::Unit::epochs && epoch % every.count == 0));
}

bool RunCheckpoints::is_due_before_step(std::int64_t step) const noexcept {
  const Interval& every = plan_.options.output.checkpoint_every;
  return every.unit == Interval::Unit::steps && !every.is_never() && step > 0 &&
         step % every.count == 0;
}

double RunCheckpoints::seconds_between() const noexcept {
  const Interval& every = plan_.options.output.checkpoint_every;
  return every.unit == Interval::Unit::seconds ? static_cast<double>(every.count) : 0;
}

std::string RunCheckpoints::save(GradientAccumulator& accumulator, const torch::nn::Module& module,
                                 const std::vector<EpochResult>& epochs, EpochPosition position,
                                 const WorkerNumbers& own, const KeptWeights& kept) {
  const std::int64_t step = accumulator.num_steps() + accumulator.num_skipped();
  if (std::exchange(saved_step_, step) == step) {
    return saved_;
  }
  saved_.clear();
  Checkpoint checkpoint{.accumulator = accumulator.state()};
  WorkerNumbers all = gather_numbers(environment_, own);
  if (!environment_.is_root()) {
    return {};
  }
  position.losses = std::move(all.losses);
  const bool saves_kept = !epochs.empty() && has_kept(position.is_between_epochs());
  checkpoint.state = {.options = plan_.options,
                      .data = plan_.data_facts,
                      .epochs = epochs,
                      .position = std::move(position),
                      .seconds = std::move(all.seconds),
                      .saved_errors = std::move(all.errors),
                      .has_kept = saves_kept,
                      .learning_rates = checkpoint.accumulator.learning_rates,
                      .buffer_samples = checkpoint.accumulator.buffer_samples,
                      .num_steps = checkpoint.accumulator.num_steps,
                      .num_skipped = checkpoint.accumulator.num_skipped,
                      .loss_scale = checkpoint.accumulator.loss_scale,
                      .growth_steps = checkpoint.accumulator.growth_steps};
  try {
    saved_ = write_checkpoint(folder_, static_cast<int>(plan_.options.output.keep_checkpoints),
                              checkpoint, module, kept);
  } catch (const StorageError& error) {
    log_warning(error.what(), " The run goes on, and the last good checkpoint stays.");
  }
  return saved_;
}

}  // namespace dga
