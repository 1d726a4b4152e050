// SPDX-License-Identifier: Apache-2.0

#include "dga/train/training.h"

#include <ATen/Parallel.h>
#include <string.h>
#include <torch/nn/modules/batchnorm.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/data/batches/prefetcher.h"
#include "dga/data/batches/sampler.h"
#include "dga/launch/stop_signal.h"
#include "dga/models/model.h"
#include "dga/options/options_json.h"
#include "dga/parallel/batches.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/predict/evaluation.h"
#include "dga/predict/weights.h"
#include "dga/storage/run_folder.h"
#include "dga/train/best_epoch.h"
#include "dga/train/epoch_evaluator.h"
#include "dga/train/final_results.h"
#include "dga/train/joined_batch.h"
#include "dga/train/kept_weights.h"
#include "dga/train/objective.h"
#include "dga/train/optimizers.h"
#include "dga/train/request_agreement.h"
#include "dga/train/run_checkpoints.h"
#include "dga/train/telemetry.h"
#include "dga/train/worker_numbers.h"
#include "dga/train/worker_times.h"

namespace dga {
namespace {

std::int64_t batch_bytes(const TrainPlan& plan) {
  return plan.options.training.batch * plan.train->num_features() *
         static_cast<std::int64_t>(sizeof(float));
}

/// One of the workers that take turns on a carrier.
struct WorkerTurn {
  int worker = 0;
  std::unique_ptr<Prefetcher> batches;
  double loss_sum = 0;  // over its samples in the current epoch
};

class Training {
 public:
  Training(Environment& environment, const TrainPlan& plan, const TrainExtras& extras,
           Progress& progress, ResultWriter& writer, double started, const ResumePoint* resume);
  TrainingEnd run();

 private:
  /// Takes over what a checkpoint says of the epochs before.
  void restore(const RunState& state);
  WorkerNumbers own_numbers(std::vector<PhaseSeconds> seconds) const;
  /// The seconds of this carrier's workers, up to now.
  std::vector<PhaseSeconds> seconds_so_far() const;
  /// Trains the rest of the epoch under way. Returns false when all workers are to stop.
  bool train_epoch();
  /// Begins a checkpoint after the steps taken so far. Collective.
  void save();
  /// The next step of the epoch under way.
  void take_step();
  /// What the first of this carrier's workers, or all together, found in a step.
  struct Learnt {
    double loss = 0;  // the sum over the samples
    std::int64_t samples = 0;
  };
  Learnt take_turns(std::int64_t first_batch, std::int64_t end_batch);
  Learnt take_coalesced(std::int64_t first_batch, std::int64_t end_batch);
  /// The worker's next samples. If it has to wait for them, the time counts as such.
  const SampleBatch& next_batch(Prefetcher& batches);
  /// Forward and backward. Returns the sum of the losses of the samples.
  double learn(const SampleBatch& batch);
  /// Returns false when this was the last epoch.
  bool evaluate();
  /// Whether another epoch follows; the same on every worker.
  bool goes_on(const EpochResult& result);
  /// What is known once a signal, or worker 0's disk, has ended the run within an epoch.
  TrainingEnd stop();
  /// Collects and writes the results of the finished epochs. `stopped`: another epoch was under
  /// way. Collective.
  TrainingEnd finish(bool stopped, const std::string& checkpoint = {});
  std::string stop_text(const std::string& checkpoint) const;
  RunResults collect_results(bool stopped);
  bool is_root() const { return environment_.is_root(); }
  /// Of the run, with those that were skipped.
  std::int64_t steps_begun() const {
    return accumulator_->num_steps() + accumulator_->num_skipped();
  }
  bool has_all_epochs() const {
    return std::ssize(epochs_) == plan_.options.training.epochs || best_.patience_is_over();
  }
  std::int64_t saved_epoch() const {
    return plan_.options.training.keep_best ? best_.number() : epochs_.back().epoch;
  }

  Environment& environment_;
  const TrainPlan& plan_;
  const TrainExtras& extras_;
  Progress& progress_;
  ResultWriter& writer_;
  double started_;
  double first_step_at_ = 0;
  double epoch_at_ = 0;  // the time at which the epoch under way began, or was resumed

  ModelCard card_;
  Objective objective_;
  Model model_;
  std::unique_ptr<GradientAccumulator> accumulator_;
  std::optional<WorkerTimes> times_;
  std::optional<Telemetry> telemetry_;
  std::vector<WorkerTurn> turns_;
  JoinedBatch joined_;  // if the turns are coalesced
  RequestAgreement requests_;
  EpochEvaluator evaluator_;
  RunCheckpoints checkpoints_;
  std::int64_t lead_;  // see schedule_lead
  bool has_buffers_ = false;

  // Over the share of each of this carrier's workers, after the epoch to be saved.
  std::vector<double> saved_errors_;
  std::vector<EpochResult> epochs_;  // those finished
  EpochPosition position_;           // in the next; its losses are in turns_
  BestEpoch best_;
  // On worker 0: of the epoch to be saved, unless that is the last of the run.
  KeptWeights kept_;
  // The seconds of this carrier's workers, and the steps, up to the end of the last epoch.
  std::vector<PhaseSeconds> seconds_;
  std::vector<PhaseSeconds> earlier_seconds_;  // those before the run was resumed; empty: none
  std::int64_t steps_ = 0;
  std::int64_t skipped_steps_ = 0;
};

/// Throws InvalidArgument for a module that makes the output for one sample depend on others.
void check_independent(const torch::nn::Module& model) {
  for (const auto& part : model.named_modules("", /*include_self=*/true)) {
    const torch::nn::Module& module = *part.value();
    const bool mixes = module.as<torch::nn::BatchNorm1dImpl>() != nullptr ||
                       module.as<torch::nn::BatchNorm2dImpl>() != nullptr ||
                       module.as<torch::nn::BatchNorm3dImpl>() != nullptr;
    DGA_CHECK(!mixes,
              "[train] coalesce: expected a model that computes each sample by itself, found ",
              module.name(), " '", part.key(), "'. Leave --coalesce out.");
  }
}

ModelCard card_of(const TrainPlan& plan, const TrainExtras& extras) {
  ModelCard card = plan.card;
  if (extras.model) {
    card.model = kCustomModel;
  }
  return card;
}

Training::Training(Environment& environment, const TrainPlan& plan, const TrainExtras& extras,
                   Progress& progress, ResultWriter& writer, double started,
                   const ResumePoint* resume)
    : environment_(environment),
      plan_(plan),
      extras_(extras),
      progress_(progress),
      writer_(writer),
      started_(started),
      card_(card_of(plan, extras)),
      objective_(plan, extras),
      requests_(environment.world()),
      evaluator_(environment, plan, extras, card_),
      checkpoints_(environment, plan, resume, writer.folder()),
      lead_(schedule_lead(checkpoints_.workers_changed(), plan.steps_per_epoch)),
      best_(plan.options.training.patience) {
  const WorkerBlock block = environment_.block();
  seconds_.resize(static_cast<std::size_t>(block.count));
  saved_errors_.resize(static_cast<std::size_t>(block.count));
  at::set_num_threads(1);
  if (is_root() && !writer_.attempt([&] {
        RunOptions resolved = plan_.options;
        resolved.output.folder = writer_.folder();
        writer_.write(kConfigFile,
                      to_json(resolved, checkpoints_.workers_changed(), plan_.summary));
      })) {
    requests_.want_stop();
  }
  model_ = make_model(card_, plan_.options.training.seed, extras_.model);
  if (is_root() && !writer_.reserve_model(weight_bytes(*model_.module))) {
    requests_.want_stop();
  }
  if (plan_.options.training.coalesce) {
    check_independent(*model_.module);
  }
  checkpoints_.load_module(*model_.module, kept_);
  has_buffers_ = !model_.module->buffers().empty();
  accumulator_ = std::make_unique<GradientAccumulator>(
      environment_, model_.module, optimizer_of(plan_, static_cast<bool>(extras_.model)),
      accumulator_options_of(plan_, lead_));
  checkpoints_.load_accumulator(*accumulator_);
  if (checkpoints_.restores()) {
    restore(checkpoints_.state());
  }
  requests_.save_every(checkpoints_.seconds_between());
  times_.emplace(accumulator_->recorder(), block.count, plan_.options.training.coalesce);
  telemetry_.emplace(environment_, plan_, writer_, accumulator_->recorder(), *times_);
  for (int worker = block.first; worker < block.end(); ++worker) {
    const std::vector<std::int64_t>& shard = plan_.shards.at(static_cast<std::size_t>(worker));
    turns_.push_back(
        {.worker = worker,
         .batches = std::make_unique<Prefetcher>(
             plan_.train,
             Sampler(shard, {.batch = plan_.options.training.batch,
                             .steps = plan_.batches_per_epoch,
                             .seed = plan_.options.training.seed,
                             .rank = worker,
                             .window = plan_.options.data.samples.shuffle_window,
                             .blocks = block_starts(*plan_.train, shard)}),
             Prefetcher::Options{.depth = prefetch_depth(environment_, batch_bytes(plan_),
                                                         plan_.options.data.samples.shuffle_window),
                                 .first_epoch = std::ssize(epochs_),
                                 .first_step = position_.step * plan_.options.training.micro_steps,
                                 .epochs = plan_.options.training.epochs,
                                 .timeout_seconds = plan_.options.workers.timeout}),
         .loss_sum =
             position_.losses.empty() ? 0 : position_.losses.at(static_cast<std::size_t>(worker))});
  }
}

void Training::restore(const RunState& state) {
  if (is_root() && !writer_.restart_metrics(state.epochs)) {
    requests_.want_stop();
  }
  epochs_ = state.epochs;
  for (const EpochResult& epoch : epochs_) {
    best_.add(epoch);
  }
  position_ = state.position;
  const WorkerBlock block = environment_.block();
  for (int i = 0; i < block.count; ++i) {
    const auto worker = static_cast<std::size_t>(block.first + i);
    earlier_seconds_.push_back(state.seconds.at(worker));
    saved_errors_[static_cast<std::size_t>(i)] = state.saved_errors.at(worker);
  }
  seconds_ = earlier_seconds_;
  skipped_steps_ = accumulator_->num_skipped() - position_.skipped;
  steps_ = accumulator_->num_steps() - (position_.step - position_.skipped);
}

TrainingEnd Training::run() {
  if (is_root()) {
    std::int64_t parameters = 0;
    for (const at::Tensor& parameter : model_.module->parameters()) {
      parameters += parameter.numel();
    }
    progress_.started({.engine = std::string(name_of(environment_.engine())),
                       .workers = environment_.blocks().workers(),
                       .train_samples = plan_.train->size(),
                       .test_samples = plan_.test_samples(),
                       .validation_samples = plan_.validation_samples(),
                       .features = plan_.train->num_features(),
                       .outputs = plan_.card.outputs,
                       .parameters = parameters,
                       .epochs = plan_.options.training.epochs,
                       .steps_per_epoch = plan_.steps_per_epoch,
                       .classification = plan_.options.data.task == Task::classification,
                       .data = plan_.summary});
  }
  telemetry_->begin();
  first_step_at_ = now_seconds();
  if (!epochs_.empty() && has_all_epochs()) {  // it was ended before it had written its results
    if (plan_.options.training.ema > 0) {
      accumulator_->use_average(true);
    }
    return finish(false);
  }
  while (std::ssize(epochs_) < plan_.options.training.epochs) {
    if (!train_epoch()) {
      return stop();
    }
    if (!evaluate()) {
      break;
    }
  }
  return finish(false);
}

bool Training::train_epoch() {
  model_.module->train();
  accumulator_->recorder().restart();
  times_->restart();
  epoch_at_ = now_seconds();
  const std::int64_t first = position_.step;
  const std::int64_t skipped_before = accumulator_->num_skipped() - position_.skipped;
  while (position_.step < plan_.steps_per_epoch) {
    const std::int64_t number = steps_begun();
    const Request request = requests_.before(number, checkpoints_.is_writing());
    if (requests_.all_have_written()) {
      checkpoints_.commit();
    }
    if (request == Request::stop) {
      return false;
    }
    if (request == Request::save ||
        (position_.step > first && checkpoints_.is_due_before_step(number))) {
      save();
    }
    take_step();
    position_.skipped = accumulator_->num_skipped() - skipped_before;
  }
  if (position_.skipped == plan_.steps_per_epoch) {  // on every worker
    throw Error(str("[train] epoch ", std::ssize(epochs_) + 1,
                    ": expected some steps with finite gradients, found "
                    "that all ",
                    plan_.steps_per_epoch,
                    " had to be skipped. Lower the learning "
                    "rate, or set --on-nonfinite throw to see where the first one comes from."));
  }
  return true;
}

void Training::save() {
  EpochPosition position = position_;
  position.seconds += position_.is_between_epochs() ? 0 : now_seconds() - epoch_at_;
  checkpoints_.save(*accumulator_, *model_.module, epochs_, position, own_numbers(seconds_so_far()),
                    kept_);
  requests_.saved();
}

void Training::take_step() {
  const std::int64_t micro_steps = plan_.options.training.micro_steps;
  const std::int64_t first = position_.step * micro_steps;
  const std::int64_t end = std::min(first + micro_steps, plan_.batches_per_epoch);
  accumulator_->expect_samples(plan_.step_samples[static_cast<std::size_t>(position_.step)]);
  const Learnt learnt =
      plan_.options.training.coalesce ? take_coalesced(first, end) : take_turns(first, end);
  accumulator_->step();
  times_->end_step();
  ++position_.step;
  if (is_root()) {
    // Without samples the loss is 0 / 0, which is NaN.
    progress_.step_done(
        {.steps = steps_begun(),
         .epoch = std::ssize(epochs_) + 1,
         .loss = learnt.loss / static_cast<double>(learnt.samples) * objective_.unit()});
  }
}

Training::Learnt Training::take_turns(std::int64_t first_batch, std::int64_t end_batch) {
  Learnt first;  // of worker 0 on the root
  for (std::size_t i = 0; i < turns_.size(); ++i) {
    WorkerTurn& turn = turns_[i];
    accumulator_->begin_turn(turn.worker);
    Learnt learnt;
    for (std::int64_t batch = first_batch; batch < end_batch; ++batch) {
      const SampleBatch& next = next_batch(*turn.batches);
      learnt.samples += next.size;
      learnt.loss += learn(next);
    }
    turn.loss_sum += learnt.loss;
    first = i == 0 ? learnt : first;
    accumulator_->end_turn();
    times_->end_turn(i);
  }
  return first;
}

Training::Learnt Training::take_coalesced(std::int64_t first_batch, std::int64_t end_batch) {
  Learnt learnt;
  for (std::int64_t batch = first_batch; batch < end_batch; ++batch) {
    joined_.clear();
    for (WorkerTurn& turn : turns_) {
      joined_.add(next_batch(*turn.batches));
    }
    const SampleBatch all = joined_.view();
    learnt.samples += all.size;
    learnt.loss += learn(all);
  }
  // Only the sum over the workers is used.
  turns_.front().loss_sum += learnt.loss;
  return learnt;
}

const SampleBatch& Training::next_batch(Prefetcher& batches) {
  if (batches.is_ready()) {
    return *batches.next();
  }
  StepRecorder& recorder = accumulator_->recorder();
  recorder.enter(StepPhase::data);
  const SampleBatch& batch = *batches.next();
  recorder.enter(StepPhase::compute);
  return batch;
}

double Training::learn(const SampleBatch& batch) {
  if (batch.size == 0) {
    accumulator_->backward({}, 0);
    return 0;
  }
  const at::Tensor samples = features_tensor(batch.features, batch.size, card_.input_shape);
  const at::Tensor loss = objective_.loss(model_.forward(samples), batch);
  accumulator_->backward(loss, batch.size);
  // Read in place, because item() costs an operator.
  const double mean = loss.scalar_type() == at::kFloat
                          ? static_cast<double>(*loss.const_data_ptr<float>())
                          : loss.item<double>();
  return mean * static_cast<double>(batch.size);
}

std::vector<PhaseSeconds> Training::seconds_so_far() const {
  std::vector<PhaseSeconds> seconds = times_->totals();
  for (std::size_t i = 0; i < earlier_seconds_.size(); ++i) {
    for (std::size_t phase = 0; phase < kStepPhases; ++phase) {
      seconds[i][phase] += earlier_seconds_[i][phase];
    }
  }
  return seconds;
}

bool Training::evaluate() {
  const std::int64_t epoch = std::ssize(epochs_);
  const bool averaged = plan_.options.training.ema > 0;
  if (has_buffers_) {
    accumulator_->synchronize_buffers();
  }
  if (averaged) {
    accumulator_->use_average(true);
  }
  std::vector<double> loss_sums;
  for (WorkerTurn& turn : turns_) {
    loss_sums.push_back(std::exchange(turn.loss_sum, 0));
  }
  EpochResult result = evaluator_.measure(model_, epoch, loss_sums, objective_.unit());
  result.seconds = position_.seconds + now_seconds() - epoch_at_;
  position_ = {};
  epochs_.push_back(result);
  seconds_ = seconds_so_far();
  steps_ = accumulator_->num_steps();
  skipped_steps_ = accumulator_->num_skipped();
  const bool best = best_.add(result);
  const bool to_be_saved = best || !plan_.options.training.keep_best;
  if (to_be_saved) {
    saved_errors_ = evaluator_.test_errors();
  }
  const bool more = goes_on(result);
  const bool saves = checkpoints_.is_due_after_epoch(epoch + 1) ||
                     (more && checkpoints_.is_due_before_step(steps_begun()));
  if (to_be_saved && is_root() && (more || saves)) {
    // The next epoch may not end. This reads each weight once, as the evaluation of one batch does.
    // No worker changes the weights before worker 0 takes part in the next step.
    kept_.keep(*model_.module);
  }
  if (averaged && (more || saves)) {
    accumulator_->use_average(false);
  }
  if (saves) {
    save();
  }
  if (averaged && saves && !more) {
    accumulator_->use_average(true);  // to be saved with the results
  }
  return more;
}

bool Training::goes_on(const EpochResult& result) {
  std::int64_t wants_stop = 0;
  if (is_root()) {
    writer_.append(result);
  }
  telemetry_->epoch_done(result, learning_rate_of(plan_, accumulator_->num_steps() - 1, lead_));
  if (is_root()) {
    if (!writer_.error().empty()) {
      requests_.want_stop();
    }
    progress_.epoch_done(result);
    wants_stop = progress_.wants_stop() ? 1 : 0;
  }
  // All workers have the same result, but only worker 0 knows what the caller wants.
  if (has_all_epochs()) {
    return false;
  }
  environment_.world().broadcast({&wants_stop, 1}, 0, "stop request");
  return wants_stop == 0;
}

std::string Training::stop_text(const std::string& checkpoint) const {
  const int number = StopSignal::signal_number();
  std::string text = str("[train] run: expected ", plan_.num_steps() - lead_, " steps, found ",
                         number == 0 ? std::string("a request to stop")
                                     : str("signal ", number, " (", sigdescr_np(number), ")"),
                         " after step ", accumulator_->num_steps(), ".");
  if (!epochs_.empty()) {
    const std::int64_t last = epochs_.back().epoch;
    text += str(" The model ", saved_epoch() == last ? "" : str("of epoch ", saved_epoch(), ' '),
                "and the results after epoch ", last, " are in ", writer_.folder(), ".");
  }
  if (!checkpoint.empty()) {
    return str(text, " Go on with --resume auto: there is a checkpoint in ", checkpoint, ".");
  }
  return epochs_.empty() ? text + " Nothing was written." : text;
}

TrainingEnd Training::stop() {
  // Only worker 0 knows whether its disk was the reason.
  std::int64_t failed = is_root() && !writer_.error().empty() ? 1 : 0;
  environment_.world().broadcast({&failed, 1}, 0, "reason of the stop");
  if (failed != 0) {
    return {.status = RunStatus::failed, .text = writer_.error()};
  }
  std::string checkpoint;
  if (!epochs_.empty() || !position_.is_between_epochs() || checkpoints_.restores()) {
    save();
    checkpoint = checkpoints_.finish();
  }
  if (!epochs_.empty()) {
    return finish(true, checkpoint);
  }
  return {.status = checkpoint.empty() ? RunStatus::stopped : RunStatus::preempted,
          .text = stop_text(checkpoint)};
}

TrainingEnd Training::finish(bool stopped, const std::string& checkpoint) {
  TrainingEnd end{.status = !stopped             ? RunStatus::done
                            : checkpoint.empty() ? RunStatus::stopped
                                                 : RunStatus::preempted,
                  .text = stopped ? stop_text(checkpoint) : std::string(),
                  .results = collect_results(stopped)};
  checkpoints_.finish();
  telemetry_->finish();
  if (is_root()) {
    write_final_results(writer_, *model_.module, card_, started_, end.results);
    if (!writer_.error().empty()) {
      end = {.status = RunStatus::failed, .text = writer_.error()};
    }
  }
  return end;
}

WorkerNumbers Training::own_numbers(std::vector<PhaseSeconds> seconds) const {
  WorkerNumbers own{.seconds = std::move(seconds), .errors = saved_errors_};
  for (const std::int64_t samples : evaluator_.test_samples()) {
    own.shares.push_back(static_cast<double>(samples));
  }
  for (const WorkerTurn& turn : turns_) {
    own.losses.push_back(turn.loss_sum);
  }
  return own;
}

RunResults Training::collect_results(bool stopped) {
  RunResults results =
      results_of_workers(environment_, plan_, gather_numbers(environment_, own_numbers(seconds_)),
                         evaluator_.error_unit());
  results.best_epoch = saved_epoch();
  results.stopped = stopped;
  results.stopped_early = !stopped && epochs_.back().epoch < plan_.options.training.epochs;
  results.steps = steps_;
  results.skipped_steps = skipped_steps_;
  results.workers_changed = checkpoints_.workers_changed();
  results.restarts = environment_.restarts();
  results.median_step_seconds = accumulator_->recorder().median();
  results.startup_seconds = first_step_at_ - started_;
  if (is_root()) {
    if (stopped || saved_epoch() != epochs_.back().epoch) {
      kept_.restore(*model_.module);
    }
    const EpochResult& saved = epochs_[static_cast<std::size_t>(saved_epoch() - 1)];
    results.error.mean = saved.test_error;
    results.val_error = saved.val_error;
    results.epochs = epochs_;
    results.weights_sha256 = weights_sha256(*model_.module);
  }
  return results;
}

}  // namespace

TrainingEnd train_on_worker(Environment& environment, const TrainPlan& plan,
                            const TrainExtras& extras, Progress& progress, ResultWriter& writer,
                            double started, const ResumePoint* resume) {
  return Training(environment, plan, extras, progress, writer, started, resume).run();
}

}  // namespace dga
