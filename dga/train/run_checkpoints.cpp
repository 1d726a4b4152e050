// SPDX-License-Identifier: Apache-2.0

#include "dga/train/run_checkpoints.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/log.h"
#include "dga/comm/texts.h"
#include "dga/parallel/agreement.h"
#include "dga/parallel/pickled_values.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/checkpoint_names.h"
#include "dga/storage/store_path.h"
#include "dga/train/checkpoint.h"

namespace dga {
namespace {

constexpr std::chrono::milliseconds kPause{2};

}  // namespace

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
  read_module(CheckpointTensors(resume_->path), resume_->state, module, kept);
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
    rest = read_rest(*from, resume_->state);
  });
  // The learning rate may have been changed since: the accumulator has that of the options now.
  rest.learning_rates.clear();
  accumulator.load_owned_state(rest,
                               [&](const OwnedRange& range) { return read_range(*from, range); });
  if (StorePath(resume_->path).parent().parent().canonical() == StorePath(folder_).canonical()) {
    saved_ = resume_->path;
    saved_step_ = rest.num_steps + rest.num_skipped;
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
          .has_kept = saves_kept,
          .learning_rates = rest.learning_rates,
          .buffer_samples = rest.buffer_samples,
          .num_steps = rest.num_steps,
          .num_skipped = rest.num_skipped,
          .loss_scale = rest.loss_scale,
          .growth_steps = rest.growth_steps};
}

void RunCheckpoints::warn(const std::string& error) const {
  log_warning(error, " The run goes on, and the last good checkpoint stays.");
}

std::string RunCheckpoints::make_folder(std::int64_t step) {
  std::string path;
  if (environment_.is_root()) {
    checkpoint_.emplace();
    checkpoint_->step = step;
    try {
      checkpoint_->writer = std::make_unique<CheckpointWriter>(folder_, step);
      path = checkpoint_->writer->path();
    } catch (const StorageError& error) {
      checkpoint_.reset();
      warn(error.what());
    }
  }
  broadcast_text(environment_.world(), path, 0);
  return path;
}

void RunCheckpoints::save(GradientAccumulator& accumulator, const torch::nn::Module& module,
                          const std::vector<EpochResult>& epochs, EpochPosition position,
                          const WorkerNumbers& own, const KeptWeights& kept) {
  const std::int64_t step = accumulator.num_steps() + accumulator.num_skipped();
  if (std::exchange(saved_step_, step) == step) {
    return;
  }
  static_cast<void>(finish());
  saved_.clear();
  const std::string path = make_folder(step);
  if (path.empty()) {
    return;
  }
  AccumulatorState rest;
  auto shard = std::make_shared<CheckpointShard>(accumulator.owned_state(rest), snapshot_);
  WorkerNumbers all = gather_numbers(environment_, own);
  if (environment_.is_root()) {
    const RunState state = state_of(rest, epochs, std::move(position), std::move(all));
    shard->add_rest(module, rest);
    if (state.has_kept) {
      shard->add_kept(module, kept);
    }
    checkpoint_->state = to_json(state);
  }
  under_way_ = true;
  writing_.start([this, shard, name = path_in(path, tensor_file_of(environment_.rank()))] {
    AtomicFile file(name);
    write_tensor_parts(file, shard->parts(), shard->order());
    written_ = file.written();
  });
}

void RunCheckpoints::commit() {
  if (!std::exchange(under_way_, false)) {
    return;
  }
  const std::string error = writing_.wait();
  const std::string mine = nlohmann::json{error, written_.bytes, written_.checksum}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
  const std::vector<std::string> all = gather_texts(environment_.world(), mine);
  if (!environment_.is_root()) {
    return;
  }
  wait_for_commit();
  // Kept alive by the thread: if a file is missing, the writer removes the others.
  const auto checkpoint = std::make_shared<UnderWay>(*std::exchange(checkpoint_, std::nullopt));
  for (std::size_t carrier = 0; carrier < all.size(); ++carrier) {
    const nlohmann::json sum = nlohmann::json::parse(all[carrier]);
    if (!sum.at(0).get<std::string>().empty()) {
      warn(sum.at(0).get<std::string>());
      return;
    }
    checkpoint->writer->list(tensor_file_of(static_cast<int>(carrier)),
                             {sum.at(1).get<std::int64_t>(), sum.at(2).get<std::string>()});
  }
  committing_.start([this, checkpoint] {
    checkpoint->writer->write(kStateFile, checkpoint->state);
    checkpoint->writer->commit();
    committed_ = checkpoint->writer->path();
    remove_later_checkpoints(folder_, checkpoint->step);  // those that were damaged
    remove_old_checkpoints(folder_, static_cast<int>(plan_.options.output.keep_checkpoints));
  });
}

void RunCheckpoints::wait_for_commit() {
  const std::string error = committing_.wait();
  if (!error.empty()) {
    warn(error);
  }
  if (!committed_.empty()) {
    saved_ = std::exchange(committed_, {});
  }
}

std::string RunCheckpoints::finish() {
  // Carriers that have ended wait for the others in short steps, so that no timeout ends a run that
  // writes to a slow disk.
  std::int64_t busy = under_way_ ? 1 : 0;
  while (busy != 0) {
    busy = is_writing() ? 1 : 0;
    environment_.world().all_reduce({&busy, 1}, ReduceOp::max, "writing of a checkpoint");
    if (busy != 0) {
      std::this_thread::sleep_for(kPause);
    }
  }
  commit();
  if (environment_.is_root()) {
    wait_for_commit();
  }
  return saved_;
}

}  // namespace dga
