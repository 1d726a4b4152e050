// SPDX-License-Identifier: Apache-2.0

#include "dga/train/run_checkpoints.h"

#include <ATen/core/Tensor.h>

#include <optional>
#include <utility>

#include "dga/parallel/agreement.h"
#include "dga/storage/checkpoint_names.h"
#include "dga/storage/checkpoint_tensors.h"
#include "dga/storage/store_path.h"
#include "dga/train/checkpoint.h"

namespace dga {

RunCheckpoints::RunCheckpoints(const Environment& environment, const TrainPlan& plan,
                               const ResumePoint* resume, std::string folder)
    : environment_(environment),
      plan_(plan),
      resume_(resume),
      folder_(std::move(folder)),
      saver_(environment, folder_, static_cast<int>(plan.options.output.keep_checkpoints)) {}

bool RunCheckpoints::has_kept(bool between_epochs) const noexcept {
  return !between_epochs || plan_.options.training.keep_best || plan_.options.training.ema > 0;
}

void RunCheckpoints::load_module(torch::nn::Module& module, KeptWeights& kept) {
  if (!restores() || !environment_.is_root()) {
    return;
  }
  const CheckpointTensors from(resume_->path);
  const std::vector<at::Tensor> values = read_weights(from, kModelTensors, module);
  if (resume_->state.has_kept) {
    kept.set(read_weights(from, kKeptTensors, module));
  }
  set_weights(module, values);
  if (!resume_->state.has_kept && !resume_->state.epochs.empty()) {
    kept.keep(module);
  }
}

void RunCheckpoints::load_accumulator(GradientAccumulator& accumulator) {
  if (!restores()) {
    return;
  }
  std::optional<CheckpointTensors> from;
  AccumulatorState rest;
  run_agreed(environment_.world(), [&] {
    from.emplace(resume_->path);
    rest = read_rest(*from, resume_->state.numbers);
  });
  // The learning rate may have been changed since: the accumulator has that of the options now.
  rest.learning_rates.clear();
  accumulator.load_owned_state(rest,
                               [&](const OwnedRange& range) { return read_range(*from, range); });
  if (StorePath(resume_->path).parent().parent().canonical() == StorePath(folder_).canonical()) {
    resumed_ = resume_->path;
    saved_step_ = resume_->state.step();
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

RunState RunCheckpoints::state_of(const AccumulatorState& rest,
                                  const std::vector<EpochResult>& epochs, EpochPosition position,
                                  WorkerNumbers all) const {
  const bool saves_kept = !epochs.empty() && has_kept(position.is_between_epochs());
  position.losses = std::move(all.losses);
  return {.options = plan_.options,
          .data = plan_.data_facts,
          .epochs = epochs,
          .position = std::move(position),
          .seconds = std::move(all.seconds),
          .saved_errors = std::move(all.errors),
          .workers_changed = workers_changed(),
          .has_kept = saves_kept,
          .numbers = rest};
}

void RunCheckpoints::save(GradientAccumulator& accumulator, const torch::nn::Module& module,
                          const std::vector<EpochResult>& epochs, EpochPosition position,
                          const WorkerNumbers& own, const KeptWeights& kept) {
  const std::int64_t step = accumulator.num_steps() + accumulator.num_skipped();
  if (std::exchange(saved_step_, step) == step) {
    return;
  }
  resumed_.clear();
  WorkerNumbers all = gather_numbers(environment_, own);
  saver_.save(accumulator, [&](const AccumulatorState& rest, CheckpointShard& shard) {
    if (!environment_.is_root()) {
      return std::string();
    }
    const RunState state = state_of(rest, epochs, std::move(position), std::move(all));
    if (state.has_kept) {
      shard.add_kept(module, kept.values());
    }
    return to_json(state);
  });
}

std::string RunCheckpoints::finish() {
  const std::string saved = saver_.finish();
  return resumed_.empty() ? saved : resumed_;
}

}  // namespace dga
