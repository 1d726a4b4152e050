// SPDX-License-Identifier: Apache-2.0

#include "dga/train/train_run.h"

#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/batches/sampler.h"
#include "dga/launch/stop_signal.h"
#include "dga/models/model.h"
#include "dga/options/options_json.h"
#include "dga/parallel/muon.h"
#include "dga/predict/saved_model.h"
#include "dga/predict/weights.h"
#include "dga/storage/atomic_file.h"
#include "tests/support/as_table.h"
#include "tests/support/error_of.h"
#include "tests/support/made_up_data.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/stopper.h"

namespace dga {
namespace {

using test::error_of;
using testing::HasSubstr;

RunOptions small_run(const std::string& output) {
  RunOptions options;
  options.model.hidden = {8};
  options.training.epochs = 3;
  options.training.batch = 5;
  options.output.folder = output;
  return options;
}

TrainPlan plan_of(const RunOptions& options, int workers, const LoadedData& data) {
  return prepare(plan_tasks(options, Engine::threads, workers, data));
}

RunSummary train(const TrainPlan& plan) {
  Progress nobody;
  return train_plan(plan, nobody);
}

RunResults results_in(const std::string& folder) {
  return run_results_from_json(read_file(folder + "/results.json"), folder);
}

using Optimizers = std::vector<std::unique_ptr<torch::optim::Optimizer>>;

/// The same job by one worker with torch alone: each step takes the samples of all workers at once.
Model whole_batch_oracle(const TrainPlan& plan,
                         const std::function<Optimizers(torch::nn::Module&)>& make_optimizers) {
  const RunOptions& options = plan.options;
  Model model = make_model(plan.card, options.training.seed);
  const Optimizers optimizers = make_optimizers(*model.module);
  std::vector<Sampler> samplers;
  for (int rank = 0; rank < options.workers.count; ++rank) {
    samplers.emplace_back(plan.shards[static_cast<std::size_t>(rank)],
                          Sampler::Options{.batch = options.training.batch,
                                           .steps = plan.batches_per_epoch,
                                           .seed = options.training.seed,
                                           .rank = rank});
  }
  for (std::int64_t epoch = 0; epoch < options.training.epochs; ++epoch) {
    for (std::int64_t first = 0; first < plan.batches_per_epoch;
         first += options.training.micro_steps) {
      std::vector<std::int64_t> samples;
      for (std::int64_t i = first;
           i < std::min(first + options.training.micro_steps, plan.batches_per_epoch); ++i) {
        for (Sampler& sampler : samplers) {
          const auto batch = sampler.batch(epoch, i);
          samples.insert(samples.end(), batch.begin(), batch.end());
        }
      }
      const auto count = static_cast<std::int64_t>(samples.size());
      const at::Tensor x = at::empty({count, plan.train->num_features()}, at::kFloat);
      const at::Tensor y = at::empty({count}, at::kLong);
      plan.train->gather(samples, {x.mutable_data_ptr<float>(), x.numel()},
                         {y.mutable_data_ptr<std::int64_t>(), count});
      model.module->zero_grad();
      at::cross_entropy_loss(model.forward(x), y).backward();
      for (const auto& optimizer : optimizers) {
        optimizer->step();
      }
    }
  }
  return model;
}

void expect_near(const torch::nn::Module& found, const torch::nn::Module& expected) {
  const auto parameters = found.named_parameters();
  for (const auto& item : expected.named_parameters()) {
    EXPECT_LT((parameters[item.key()] - item.value()).abs().max().item<float>(), 1e-5)
        << item.key();
  }
}

TEST(TrainRun, EqualsOneWorkerWithTheWholeBatch) {
  const ScratchFolder folder;
  RunOptions options = small_run(folder.file("run"));
  options.training.optimizer = OptimizerKind::sgd;
  options.training.momentum = 0.9;
  options.training.micro_steps = 2;
  // 61 samples to 4 workers: uneven shards, an uneven last step.
  options.data.test_fraction = 0;
  const TrainPlan plan = plan_of(options, 4, test::made_up_classes(61));
  train(plan);
  const Model expected = whole_batch_oracle(plan, [&](torch::nn::Module& module) {
    Optimizers optimizers;
    optimizers.push_back(std::make_unique<torch::optim::SGD>(
        module.parameters(), torch::optim::SGDOptions(plan.options.training.lr).momentum(0.9)));
    return optimizers;
  });
  expect_near(*load_model(folder.file("run")).model.module, *expected.module);
}

TEST(TrainRun, MuonUpdatesTheHiddenMatricesAndAdamWTheRest) {
  const ScratchFolder folder;
  RunOptions options = small_run(folder.file("run"));
  options.model.hidden = {8, 6};
  options.training.optimizer = OptimizerKind::muon;
  options.training.weight_decay = 0.1;
  const TrainPlan plan = plan_of(options, 3, test::made_up_classes(61));
  EXPECT_EQ(plan.options.training.lr, 0.003);
  train(plan);
  const Model expected = whole_batch_oracle(plan, [&](torch::nn::Module& module) {
    const auto all = module.named_parameters();
    std::vector<at::Tensor> others;
    for (const char* name :
         {"layers.0.bias", "layers.1.bias", "layers.2.weight", "layers.2.bias"}) {
      others.push_back(all[name]);
    }
    Optimizers optimizers;
    optimizers.push_back(std::make_unique<Muon>(
        std::vector<at::Tensor>{all["layers.0.weight"], all["layers.1.weight"]},
        MuonOptions(0.003)
            .momentum(0.9)
            .weight_decay(0.1)
            .precision(MuonPrecision::f32)
            .adjust_lr(MuonAdjust::match_rms_adamw)));
    optimizers.push_back(std::make_unique<torch::optim::AdamW>(
        others, torch::optim::AdamWOptions(0.003).weight_decay(0.1)));
    return optimizers;
  });
  expect_near(*load_model(folder.file("run")).model.module, *expected.module);
}

TEST(TrainRun, WritesWhatItAnswers) {
  const ScratchFolder folder;
  const RunOptions options = small_run(folder.file("run"));
  const TrainPlan plan = plan_of(options, 3, test::made_up_classes(60));
  const RunSummary summary = train(plan);
  EXPECT_EQ(summary.folder, options.output.folder);
  const auto text = [&](const char* name) { return read_file(folder.file("run/") + name); };
  EXPECT_EQ(run_results_from_json(text("results.json"), "results.json"), summary.results);
  EXPECT_EQ(epochs_from_json_lines(text("metrics.jsonl"), "metrics.jsonl"), summary.results.epochs);
  EXPECT_EQ(model_card_from_json(text("model.json"), "model.json"), plan.card);
  EXPECT_EQ(run_options_from_json(text("config.json"), "config.json"), plan.options);
  EXPECT_EQ(weights_sha256(*load_model(summary.folder).model.module),
            summary.results.weights_sha256);
}

TEST(TrainRun, CountsErrorsOfEveryWorkersShareExactly) {
  const ScratchFolder folder;
  RunOptions options = small_run(folder.file("run"));
  options.data.test_fraction = 0.1;  // 6 held-out samples for 7 workers
  const RunResults results = train(plan_of(options, 7, test::made_up_classes(60))).results;
  ASSERT_EQ(results.error.values.size(), 7U);
  EXPECT_FALSE(results.error.values[6].has_value()) << "its share is empty";
  double wrong = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    wrong += results.error.values[i].value();  // of one sample each
  }
  EXPECT_EQ(results.error.mean, wrong / 6);
  EXPECT_EQ(results.error.mean, results.epochs.back().test_error);
  EXPECT_EQ(results.test_samples, 6);
  EXPECT_EQ(results.train_samples, 54);
}

TEST(TrainRun, WithoutHeldOutSamplesThereIsNoError) {
  const ScratchFolder folder;
  RunOptions options = small_run(folder.file("run"));
  options.data.test_fraction = 0;
  const RunResults results = train(plan_of(options, 2, test::made_up_classes(30))).results;
  EXPECT_EQ(results.error.mean, std::nullopt);
  EXPECT_EQ(results.epochs.back().test_error, std::nullopt);
  EXPECT_TRUE(results.epochs.back().train_error.has_value());
}

TEST(TrainRun, TimeIsThatOfTheStepsOfEachWorker) {
  const ScratchFolder folder;
  const RunResults results =
      train(plan_of(small_run(folder.file("run")), 3, test::made_up_classes(60))).results;
  ASSERT_EQ(results.time.values.size(), 3U);
  double sum = 0;
  for (const auto& seconds : results.time.values) {
    EXPECT_GT(seconds.value(), 0);
    EXPECT_LT(seconds.value(), results.wall_seconds - results.startup_seconds);
    sum += seconds.value();
  }
  EXPECT_DOUBLE_EQ(results.time.mean.value(), sum / 3);
  EXPECT_EQ(results.steps, 3 * 4);  // shards of 16, batches of 5
  EXPECT_GT(results.median_step_seconds, 0);
  EXPECT_LT(results.median_step_seconds * 12, results.wall_seconds);
}

/// What a saved regression model says about (x0, x1), in the units of the data.
double prediction(const SavedModel& saved, const float* x) {
  const at::Tensor input = at::empty({1, 2}, at::kFloat);
  for (std::size_t f = 0; f < 2; ++f) {
    input.mutable_data_ptr<float>()[f] =
        (x[f] - saved.card.feature_mean[f]) / saved.card.feature_scale[f];
  }
  return saved.model.forward(input).item<double>() * saved.card.target_scale +
         saved.card.target_mean;
}

TEST(TrainRun, RegressionIsLearned) {
  const ScratchFolder folder;
  RunOptions options = small_run(folder.file("run"));
  options.model.hidden = {};
  options.training.epochs = 60;
  options.training.lr = 0.02;
  const RunResults results = train(plan_of(options, 2, test::made_up_line(400))).results;
  // A linear model can be exact; the mean squared error of guessing the mean would be 2.83.
  EXPECT_LT(results.error.mean.value(), 1e-3);
  const std::vector<float> x{0.25F, 0.5F};
  EXPECT_NEAR(prediction(load_model(folder.file("run")), x.data()), 5 * 0.25 - 3 * 0.5 + 100, 0.05);
}

TEST(TrainRun, RegressionIsMeasuredInTheUnitsOfTheData) {
  const ScratchFolder folder;
  RunOptions options = small_run(folder.file("run"));
  options.training.epochs = 1;
  options.training.lr = 1e-12;  // so that the loss while training is that of the saved model
  options.data.test_fraction = 0;
  const LoadedData data = test::made_up_line(50);
  const RunResults results = train(plan_of(options, 3, data)).results;
  const SavedModel saved = load_model(folder.file("run"));
  double sum = 0;
  for (std::int64_t i = 0; i < 50; ++i) {
    const double off = prediction(saved, test::as_table(data.train).features() + 2 * i) -
                       double{test::as_table(data.train).targets()[i]};
    sum += off * off;
  }
  EXPECT_NEAR(results.epochs.front().train_error.value(), sum / 50, 1e-4);
  EXPECT_NEAR(results.epochs.front().loss, sum / 50, 1e-4);
}

TEST(TrainRun, EverySchedule) {
  for (const ScheduleKind schedule : {ScheduleKind::constant, ScheduleKind::step,
                                      ScheduleKind::cosine, ScheduleKind::warmup_cosine}) {
    const ScratchFolder folder;
    RunOptions options = small_run(folder.file("run"));
    options.training.schedule = schedule;
    options.training.epochs = 12;
    const RunResults results = train(plan_of(options, 2, test::made_up_classes(90))).results;
    EXPECT_LT(results.epochs.back().loss, results.epochs.front().loss);
  }
}

TEST(TrainRun, AStopInTheFirstEpochLeavesACheckpoint) {
  const ScratchFolder folder;
  RunOptions options = small_run(folder.file("run"));
  options.training.batch = 1;
  const TrainPlan plan = plan_of(options, 2, test::made_up_classes(3000));
  const StopSignal signals;
  test::Stopper stopper(3, SIGTERM);
  EXPECT_THAT(
      error_of([&] { train_plan(plan, stopper); }),
      testing::MatchesRegex("\\[train\\] run: expected 3600 steps, found signal 15 "
                            "\\(Terminated\\) after step [0-9]+\\. Go on with --resume auto: there "
                            "is a checkpoint in .*/run/checkpoints/step-[0-9]+\\."));
  EXPECT_EQ(folder.names("run"), (std::vector<std::string>{"checkpoints", "config.json"}));
}

TEST(TrainRun, ALaterStopLeavesWholeEpochs) {
  const ScratchFolder folder;
  RunOptions options = small_run(folder.file("run"));
  options.training.epochs = 100'000;
  const TrainPlan plan = plan_of(options, 2, test::made_up_classes(30));
  const StopSignal signals;
  test::Stopper stopper(50, SIGTERM);
  EXPECT_THAT(error_of([&] { train_plan(plan, stopper); }),
              testing::ContainsRegex("The model and the results after epoch [0-9]+ are in " +
                                     options.output.folder + "\\."));
  const auto epochs = epochs_from_json_lines(read_file(folder.file("run/metrics.jsonl")), "");
  EXPECT_GE(epochs.size(), 16U);
  const RunResults results = results_in(folder.file("run"));
  EXPECT_TRUE(results.stopped);
  EXPECT_FALSE(results.stopped_early);
  EXPECT_EQ(results.epochs, epochs);
  EXPECT_EQ(results.best_epoch, std::ssize(epochs));
  EXPECT_EQ(results.steps, std::ssize(epochs) * plan.steps_per_epoch);
  EXPECT_THAT(read_file(folder.file("run/report.html")), HasSubstr("stopped by a signal after"));
  for (const std::string& name : folder.names("run")) {
    EXPECT_FALSE(name.starts_with('.')) << name;
  }
}

TEST(TrainRun, AStopSavesWhatARunOfTheFinishedEpochsWouldHaveSaved) {
  for (const auto& [keep_best, ema] : {std::pair(false, 0.0), {true, 0.0}, {true, 0.9}}) {
    const ScratchFolder folder;
    RunOptions options = small_run(folder.file("run"));
    options.training.keep_best = keep_best;
    options.training.ema = ema;
    options.training.lr = 0.3;  // the best epoch is not always the last one
    options.training.epochs = 100'000;
    const LoadedData data = test::made_up_classes(60);
    {
      const StopSignal signals;
      test::Stopper stopper(50, SIGTERM);
      EXPECT_THROW(train_plan(plan_of(options, 2, data), stopper), Interrupted);
    }
    const RunResults stopped = results_in(folder.file("run"));
    options.output.folder = folder.file("whole");
    options.training.epochs = std::ssize(stopped.epochs);
    const RunResults whole = train(plan_of(options, 2, data)).results;
    EXPECT_EQ(stopped.weights_sha256, whole.weights_sha256);
    EXPECT_EQ(stopped.best_epoch, whole.best_epoch);
    EXPECT_EQ(stopped.error, whole.error);
    EXPECT_EQ(read_file(folder.file("run/model.safetensors")),
              read_file(folder.file("whole/model.safetensors")));
    EXPECT_EQ(read_file(folder.file("run/model.json")), read_file(folder.file("whole/model.json")));
  }
}

TEST(TrainRun, AFailedWorkerLeavesNothingBeforeTheFirstEpoch) {
  const ScratchFolder folder;
  RunOptions options = small_run(folder.file("run"));
  options.training.optimizer = OptimizerKind::sgd;
  options.training.lr = 1e30;
  options.training.batch = 1;
  EXPECT_THAT(error_of([&] { train(plan_of(options, 2, test::made_up_classes(600))); }),
              HasSubstr("is not finite at step"));
  EXPECT_TRUE(folder.names().empty());
  options.training.on_nonfinite = OnNonfinite::skip;
  EXPECT_THAT(error_of([&] { train(plan_of(options, 2, test::made_up_classes(600))); }),
              HasSubstr("of the training samples: expected a finite prediction, found "));
}

TEST(TrainRun, RefusesAFolderWithARun) {
  const ScratchFolder folder;
  const TrainPlan plan = plan_of(small_run(folder.file("run")), 2, test::made_up_classes(30));
  train(plan);
  EXPECT_THAT(error_of([&] { train(plan); }), HasSubstr("expected a folder without a run"));
}

TEST(SavedModel, HashIsOfTheParametersBytesInOrder) {
  const Model model = make_model({.input_shape = {2}, .outputs = 2}, 1);
  const std::vector<at::Tensor> parameters = model.module->parameters();
  for (std::int64_t i = 0; i < 4; ++i) {
    parameters[0].mutable_data_ptr<float>()[i] = static_cast<float>(i);
  }
  for (std::int64_t i = 0; i < 2; ++i) {
    parameters[1].mutable_data_ptr<float>()[i] = static_cast<float>(4 + i);
  }
  // python3 -c 'import struct,hashlib;
  // print(hashlib.sha256(struct.pack("<6f",*range(6))).hexdigest())'
  EXPECT_EQ(weights_sha256(*model.module),
            "e2c0a71510b5394df7773b63fb5f54372b84c3564e67811bde7d665be227976d");
}

TEST(SavedModel, AModelOfAnotherShapeIsRefused) {
  const ScratchFolder folder;
  const TrainPlan plan = plan_of(small_run(folder.file("run")), 2, test::made_up_classes(30));
  train(plan);
  ModelCard card = plan.card;
  card.hidden = {9};
  atomic_write(folder.file("run/model.json"), to_json(card));
  std::filesystem::remove(folder.file("run/manifest.json"));
  EXPECT_THAT(error_of([&] { load_model(folder.file("run")); }),
              HasSubstr("expected tensor 'layers.0.weight' of shape [9, 6], found [8, 6]"));
}

}  // namespace
}  // namespace dga
