// SPDX-License-Identifier: Apache-2.0

#include "dga/train/run_checkpoints.h"

#include <utility>

#include "dga/base/error.h"
#include "dga/base/log.h"
#include "dga/train/checkpoint.h"

namespace dga {

RunCheckpoints::RunCheckpoints(const Environment& environment, const TrainPlan& plan,
                               const ResumePoint* resume, std::string folder)
    : environment_(environment), plan_(plan), resume_(resume), folder_(std::move(folder)) {}

bool RunCheckpoints::has_kept() const noexcept {
  return plan_.options.training.keep_best || plan_.options.training.ema > 0;
}

void RunCheckpoints::load_module(torch::nn::Module& module, KeptWeights& kept) {
  if (!restores() || !environment_.is_root()) {
    return;
  }
  restored_ = read_checkpoint(resume_->path, resume_->state, module, kept);
  if (!resume_->state.has_kept) {
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
}

bool RunCheckpoints::is_due(std::int64_t epoch) const noexcept {
  const std::int64_t every = plan_.options.output.checkpoint_every;
  return every > 0 && (epoch % every == 0 || epoch == plan_.options.training.epochs);
}

void RunCheckpoints::save(GradientAccumulator& accumulator, const torch::nn::Module& module,
                          const std::vector<EpochResult>& epochs, const WorkerNumbers& own,
                          const KeptWeights& kept) {
  Checkpoint checkpoint{.accumulator = accumulator.state()};
  WorkerNumbers all = gather_numbers(environment_, own);
  if (!environment_.is_root()) {
    return;
  }
  checkpoint.state = {.options = plan_.options,
                      .data = plan_.data_facts,
                      .epochs = epochs,
                      .seconds = std::move(all.seconds),
                      .saved_errors = std::move(all.errors),
                      .has_kept = has_kept(),
                      .learning_rates = checkpoint.accumulator.learning_rates,
                      .num_steps = checkpoint.accumulator.num_steps,
                      .num_skipped = checkpoint.accumulator.num_skipped,
                      .loss_scale = checkpoint.accumulator.loss_scale,
                      .growth_steps = checkpoint.accumulator.growth_steps};
  try {
    write_checkpoint(folder_, static_cast<int>(plan_.options.output.keep_checkpoints), checkpoint,
                     module, kept);
  } catch (const StorageError& error) {
    log_warning(error.what(), " The run goes on, and the last good checkpoint stays.");
  }
}

}  // namespace dga
