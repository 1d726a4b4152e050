// SPDX-License-Identifier: Apache-2.0
//
// What a run does beyond plain training: stopping early, keeping the best epoch, weighing classes,
// averaging weights, and calling functions of the program's own.

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <limits>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "dga/models/model.h"
#include "dga/parallel/keyed_random_scope.h"
#include "dga/predict/saved_model.h"
#include "dga/predict/weights.h"
#include "dga/report/readable.h"
#include "dga/report/report.h"
#include "dga/train/plain_functions.h"
#include "dga/train/train_run.h"
#include "tests/support/as_table.h"
#include "tests/support/error_of.h"
#include "tests/support/made_up_data.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using test::error_of;
using testing::HasSubstr;

class CustomRunTest : public testing::Test {
 protected:
  RunOptions small_run(const std::string& name) const {
    RunOptions options;
    options.model.hidden = {8};
    options.training.epochs = 12;
    options.training.batch = 5;
    options.output.folder = folder.file(name);
    return options;
  }
  RunResults train(const RunOptions& options, const TrainExtras& extras = {}, int workers = 3,
                   const LoadedData& data = test::made_up_classes(60)) const {
    Progress nobody;
    return train_plan(prepare(plan_tasks(options, Engine::threads, workers, data)), nobody, extras)
        .results;
  }
  SavedModel saved(const std::string& name, const ModelFactory& factory = {}) const {
    return load_model(folder.file(name), factory);
  }

  ScratchFolder folder;
};

/// The first epoch after which none of the `patience` last was the best, by the plain definition.
std::size_t expected_end(const std::vector<EpochResult>& epochs, std::size_t patience) {
  for (std::size_t end = patience; end < epochs.size(); ++end) {
    double before = epochs[0].test_error.value();
    for (std::size_t i = 0; i <= end - patience; ++i) {
      before = std::min(before, epochs[i].test_error.value());
    }
    bool better = false;
    for (std::size_t i = end - patience + 1; i <= end; ++i) {
      better = better || epochs[i].test_error.value() < before;
    }
    if (!better) {
      return end + 1;
    }
  }
  return epochs.size();
}

TEST_F(CustomRunTest, PatienceEndsTheRunWhereTheErrorStaysWhatItIs) {
  RunOptions options = small_run("all");
  const RunResults all = train(options);
  EXPECT_FALSE(all.stopped_early);
  EXPECT_EQ(all.best_epoch, 12);
  options.training.patience = 2;
  options.output.folder = folder.file("short");
  const RunResults stopped = train(options);
  const std::size_t end = expected_end(all.epochs, 2);
  ASSERT_LT(end, 12U) << "this run would not show anything";
  EXPECT_EQ(stopped.epochs.size(), end);
  EXPECT_TRUE(stopped.stopped_early);
  EXPECT_EQ(stopped.best_epoch, static_cast<std::int64_t>(end));
  options.training.patience = 0;
  options.training.epochs = static_cast<std::int64_t>(end);
  options.output.folder = folder.file("same");
  EXPECT_EQ(train(options).weights_sha256, stopped.weights_sha256);
}

TEST_F(CustomRunTest, PatienceWaitsForTheLossWhereNothingIsHeldOut) {
  RunOptions options = small_run("run");
  options.data.test_fraction = 0;
  options.training.lr = 1e-12;  // nothing changes but the order of the samples
  options.training.patience = 1;
  options.training.epochs = 1000;
  const RunResults results = train(options);
  ASSERT_TRUE(results.stopped_early);
  const auto& epochs = results.epochs;
  ASSERT_GE(epochs.size(), 2U);
  EXPECT_GE(epochs.back().loss, epochs[epochs.size() - 2].loss);
}

TEST_F(CustomRunTest, TheBestEpochIsSavedAsIfItHadBeenTheLast) {
  RunOptions options = small_run("best");
  options.training.keep_best = true;
  options.training.lr = 0.05;
  options.training.epochs = 25;
  for (const double ema : {0.0, 0.8}) {
    options.training.ema = ema;
    options.output.folder = folder.file(str("best", ema));
    const RunResults best = train(options);
    ASSERT_EQ(best.epochs.size(), 25U);
    ASSERT_LT(best.best_epoch, 25) << "this run would not show anything";
    EXPECT_FALSE(best.stopped_early);
    RunOptions shorter = options;
    shorter.training.keep_best = false;
    shorter.training.epochs = best.best_epoch;
    shorter.output.folder = folder.file(str("shorter", ema));
    const RunResults expected = train(shorter);
    EXPECT_EQ(best.weights_sha256, expected.weights_sha256);
    EXPECT_EQ(best.error, expected.error);
    EXPECT_EQ(weights_sha256(*saved(str("best", ema)).model.module), best.weights_sha256);
  }
}

TEST_F(CustomRunTest, TheAverageIsWhatIsSavedAndTheTrainingDoesNotSeeIt) {
  RunOptions options = small_run("plain");
  const RunResults plain = train(options);
  options.training.ema = 0.9;
  options.output.folder = folder.file("averaged");
  const RunResults averaged = train(options);
  EXPECT_NE(averaged.weights_sha256, plain.weights_sha256);
  for (std::size_t i = 0; i < plain.epochs.size(); ++i) {
    EXPECT_EQ(averaged.epochs[i].loss, plain.epochs[i].loss);  // while training
  }
}

/// Ends the run after an epoch, and remembers the losses of steps.
class EndsAfter final : public Progress {
 public:
  explicit EndsAfter(std::int64_t epoch) : epoch_(epoch) {}
  void step_done(const StepResult& step) override { steps.push_back(step); }
  void epoch_done(const EpochResult& epoch) override { last_ = epoch.epoch; }
  bool wants_stop() override { return last_ == epoch_; }

  std::vector<StepResult> steps;

 private:
  std::int64_t epoch_;
  std::int64_t last_ = 0;
};

TEST_F(CustomRunTest, ACallbackEndsTheRunAfterAnEpoch) {
  EndsAfter progress(4);
  const TrainPlan plan =
      prepare(plan_tasks(small_run("run"), Engine::threads, 3, test::made_up_classes(60)));
  const RunResults results = train_plan(plan, progress).results;
  EXPECT_EQ(results.epochs.size(), 4U);
  EXPECT_TRUE(results.stopped_early);
  EXPECT_EQ(results.best_epoch, 4);
}

TEST_F(CustomRunTest, StepsTellTheLossOfWorkerZero) {
  EndsAfter progress(2);
  RunOptions options = small_run("run");
  options.data.test_fraction = 0;
  const TrainPlan plan =
      prepare(plan_tasks(options, Engine::threads, 1, test::made_up_classes(20)));
  const RunResults results = train_plan(plan, progress).results;
  ASSERT_EQ(progress.steps.size(), 8U);  // four steps of five samples each, twice
  for (std::size_t epoch = 0; epoch < 2; ++epoch) {
    double sum = 0;
    for (std::size_t i = 4 * epoch; i < 4 * epoch + 4; ++i) {
      EXPECT_EQ(progress.steps[i].steps, static_cast<std::int64_t>(i + 1));
      EXPECT_EQ(progress.steps[i].epoch, static_cast<std::int64_t>(epoch + 1));
      sum += progress.steps[i].loss;
    }
    EXPECT_NEAR(sum / 4, results.epochs[epoch].loss, 1e-12);
  }
}

/// 60 samples of classes 0 and 1, every sixth of class 1; no sample of class 2.
LoadedData uneven_classes() {
  const LoadedData even = test::made_up_classes(60);
  auto features = std::make_shared<float[]>(60 * 6);
  auto labels = std::make_shared<std::int64_t[]>(60);
  std::copy(test::as_table(even.train).features(), test::as_table(even.train).features() + 60 * 6,
            features.get());
  for (std::int64_t i = 0; i < 60; ++i) {
    labels[i] = i % 6 == 0 ? 1 : 0;
  }
  LoadedData data;
  data.train = std::make_shared<Table>(60, std::vector<std::int64_t>{6}, features, labels,
                                       std::vector<std::string>{"0", "1", "2"});
  return data;
}

TEST_F(CustomRunTest, BalancedWeightsAreOneOnAverage) {
  RunOptions options = small_run("run");
  options.data.test_fraction = 0;
  options.training.class_weights = ClassWeights::balanced;
  const TrainPlan plan = prepare(plan_tasks(options, Engine::threads, 3, uneven_classes()));
  // python3 -c 'from sklearn.utils.class_weight import compute_class_weight as c; import numpy as
  // n; print(c("balanced", classes=n.array([0, 1]), y=[0] * 50 + [1] * 10))' -> [0.6 3. ]
  EXPECT_THAT(plan.class_weights,
              testing::ElementsAre(testing::DoubleEq(0.6), testing::DoubleEq(3), 0));
  EXPECT_THAT(
      error_of([&] { prepare(plan_tasks(options, Engine::threads, 3, test::made_up_line(60))); }),
      HasSubstr("class"));
}

TEST_F(CustomRunTest, WeighedClassesEqualOneWorkerWithTheWholeBatch) {
  RunOptions options = small_run("seven");
  options.data.test_fraction = 0;
  options.training.class_weights = ClassWeights::balanced;
  options.training.optimizer = OptimizerKind::sgd;
  options.training.epochs = 5;
  options.training.batch = 1000;  // everything: so the order does not matter
  train(options, {}, 7, uneven_classes());
  options.output.folder = folder.file("one");
  train(options, {}, 1, uneven_classes());
  options.output.folder = folder.file("unweighted");
  options.training.class_weights = ClassWeights::none;
  train(options, {}, 1, uneven_classes());
  const auto difference = [&](const char* a, const char* b) {
    double most = 0;
    const auto first = saved(a).model.module->parameters();
    const auto second = saved(b).model.module->parameters();
    for (std::size_t i = 0; i < first.size(); ++i) {
      most = std::max(most, (first[i] - second[i]).abs().max().item<double>());
    }
    return most;
  };
  EXPECT_LT(difference("seven", "one"), 1e-5);
  EXPECT_GT(difference("unweighted", "one"), 1e-3);
}

TEST_F(CustomRunTest, ALossOfOnesOwnIsWhatIsMadeSmall) {
  RunOptions options = small_run("plain");
  const RunResults plain = train(options);
  TrainExtras extras;
  extras.loss = [](const at::Tensor& output, const at::Tensor& target) {
    return at::cross_entropy_loss(output, target);
  };
  options.output.folder = folder.file("same");
  EXPECT_EQ(train(options, extras).weights_sha256, plain.weights_sha256);
  extras.loss = [](const at::Tensor& output, const at::Tensor& target) {
    return at::cross_entropy_loss(output, target) * 2;
  };
  options.output.folder = folder.file("twice");
  const RunResults twice = train(options, extras);
  EXPECT_NE(twice.weights_sha256, plain.weights_sha256);
  EXPECT_GT(twice.epochs[0].loss, 1.5 * plain.epochs[0].loss);
}

TEST_F(CustomRunTest, AnEpochOfSkippedStepsIsAnError) {
  RunOptions skipping = small_run("skipping");
  skipping.training.on_nonfinite = OnNonfinite::skip;
  TrainExtras extras;
  extras.loss = [](const at::Tensor& output, const at::Tensor&) {
    return output.mean() * std::numeric_limits<double>::quiet_NaN();
  };
  EXPECT_THAT(error_of([&] { train(skipping, extras); }),
              HasSubstr("expected some steps with finite gradients, found that all "));
}

TEST_F(CustomRunTest, ALossWithoutTensorsBringsItsOwnGradient) {
  TrainExtras tensors;
  tensors.loss = [](const at::Tensor& output, const at::Tensor& target) {
    return at::mse_loss(output, target);
  };
  TrainExtras plain;
  plain.loss = loss_of([](const PlainBatch& batch, float* gradient) {
    EXPECT_EQ(batch.outputs, 1);
    EXPECT_EQ(batch.classes, nullptr);
    const float norm = 2.0F / static_cast<float>(batch.samples);
    double sum = 0;
    for (std::int64_t i = 0; i < batch.samples; ++i) {
      const float off = batch.output[i] - batch.targets[i];
      sum += static_cast<double>(off) * static_cast<double>(off);
      gradient[i] = norm * off;
    }
    return sum / static_cast<double>(batch.samples);
  });
  plain.metrics = {{"mse", metric_of([](const PlainBatch& batch) {
                      double sum = 0;
                      for (std::int64_t i = 0; i < batch.samples; ++i) {
                        const double off = static_cast<double>(batch.output[i]) -
                                           static_cast<double>(batch.targets[i]);
                        sum += off * off;
                      }
                      return sum / static_cast<double>(batch.samples);
                    })}};
  for (const std::int64_t micro_steps : {1, 2}) {
    RunOptions options = small_run(str("tensors", micro_steps));
    options.training.micro_steps = micro_steps;
    const RunResults expected = train(options, tensors, 3, test::made_up_line(100));
    options.output.folder = folder.file(str("plain", micro_steps));
    const RunResults found = train(options, plain, 3, test::made_up_line(100));
    EXPECT_EQ(found.weights_sha256, expected.weights_sha256);
    EXPECT_NEAR(found.epochs.back().loss, expected.epochs.back().loss, 1e-6);
    EXPECT_NEAR(found.epochs.back().metrics.at("mse"), found.epochs.back().test_error.value(),
                1e-4 * found.epochs.back().test_error.value());
  }
}

double part_wrong(const at::Tensor& output, const at::Tensor& target) {
  return output.argmax(1).ne(target).to(at::kDouble).mean().item<double>();
}

TEST_F(CustomRunTest, MetricsAreMeansOverAllHeldOutSamples) {
  RunOptions options = small_run("classes");
  options.data.test_fraction = 0.1;  // 6 held-out samples for 7 workers
  TrainExtras extras;
  extras.metrics = {{"wrong", part_wrong},
                    {"one", [](const at::Tensor&, const at::Tensor&) { return 1.0; }}};
  for (const EpochResult& epoch : train(options, extras, 7).epochs) {
    EXPECT_NEAR(epoch.metrics.at("wrong"), epoch.test_error.value(), 1e-12);
    EXPECT_NEAR(epoch.metrics.at("one"), 1, 1e-12);
  }
  options.output.folder = folder.file("trained");
  options.data.test_fraction = 0;
  for (const EpochResult& epoch : train(options, extras, 7).epochs) {
    EXPECT_NEAR(epoch.metrics.at("wrong"), epoch.train_error.value(), 1e-12);
  }
}

TEST_F(CustomRunTest, TheReportShowsMetricsTheBestEpochAndTheEarlyEnd) {
  RunOptions options = small_run("run");
  options.training.keep_best = true;
  options.training.patience = 2;
  TrainExtras extras;
  extras.metrics = {{"part <wrong>", part_wrong}};
  const RunResults results = train(options, extras);
  ASSERT_TRUE(results.stopped_early);
  const std::string page = report_html(std::vector{folder.file("run")});
  EXPECT_THAT(page, HasSubstr(str("stopped early after epoch ", results.epochs.size())));
  EXPECT_THAT(page, HasSubstr(str("best epoch: ", results.best_epoch)));
  EXPECT_THAT(page, HasSubstr(str("part &lt;wrong&gt;, saved weights</th><td>",
                                  readable(results.error.mean.value(), 6), "</td>")));
}

TEST_F(CustomRunTest, MetricsOfARegressionAreInTheUnitsOfTheData) {
  TrainExtras extras;
  extras.metrics = {{"mse", [](const at::Tensor& output, const at::Tensor& target) {
                       return (output - target).square().mean().item<double>();
                     }}};
  const RunResults results = train(small_run("line"), extras, 2, test::made_up_line(100));
  for (const EpochResult& epoch : results.epochs) {
    EXPECT_NEAR(epoch.metrics.at("mse"), epoch.test_error.value(), 1e-4 * epoch.test_error.value());
  }
}

TEST_F(CustomRunTest, ExtrasThatCannotWorkAreRefused) {
  const auto with = [&](std::vector<Metric> metrics) {
    TrainExtras extras;
    extras.metrics = std::move(metrics);
    return error_of([&] { train(small_run("run"), extras); });
  };
  EXPECT_EQ(with({{"a", part_wrong}, {"a", part_wrong}}),
            "[train] metrics: expected unique names, found 'a' twice. Rename one of them.");
  for (const std::string name :
       {"loss", "train_error", "val_error", "test_error", "seconds", "epoch"}) {
    EXPECT_EQ(with({{name, part_wrong}}),
              "[train] metrics: expected a name that is not reserved, found '" + name +
                  "'. Choose another name.");
  }
  EXPECT_EQ(with({{"", part_wrong}}),
            "[train] metrics: expected a name for every metric, found an empty one.");
  EXPECT_EQ(with({{"a", nullptr}}),
            "[train] metrics: expected a function for metric 'a', found none.");
  TrainExtras extras;
  extras.loss = [](const at::Tensor& output, const at::Tensor&) { return output.mean(); };
  RunOptions options = small_run("run");
  options.training.class_weights = ClassWeights::balanced;
  EXPECT_EQ(error_of([&] { train(options, extras); }),
            "[train] class_weights: expected none with a custom loss function, found balanced. "
            "Weight the classes in the function.");
}

struct Straight final : torch::nn::Module {
  Straight(std::int64_t inputs, std::int64_t outputs) : layer(inputs, outputs) {
    register_module("layer", layer);
  }
  at::Tensor forward(const at::Tensor& samples) { return layer(samples); }
  torch::nn::Linear layer;
};

TEST_F(CustomRunTest, AModelOfOnesOwnIsTrainedAndLoadedByItsFactory) {
  TrainExtras extras;
  extras.model = [](const ModelCard& card) {
    return std::make_shared<Straight>(card.input_shape[0], card.outputs);
  };
  const RunResults results = train(small_run("own"), extras);
  EXPECT_LT(results.epochs.back().loss, results.epochs.front().loss);
  EXPECT_EQ(train(small_run("again"), extras).weights_sha256, results.weights_sha256);
  RunOptions reseeded = small_run("reseeded");
  reseeded.training.seed = 7;
  EXPECT_NE(train(reseeded, extras).weights_sha256, results.weights_sha256);
  const SavedModel model = saved("own", extras.model);
  EXPECT_EQ(weights_sha256(*model.model.module), results.weights_sha256);
  EXPECT_EQ(model.model.module->named_parameters().keys(),
            (std::vector<std::string>{"layer.weight", "layer.bias"}));
  EXPECT_THAT(error_of([&] { saved("own"); }),
              HasSubstr(": expected the factory of its model, which is the program's own, found "
                        "none. Pass load_model the one that the run had."));
  extras.model = [](const ModelCard&) { return std::make_shared<Straight>(6, 4); };
  EXPECT_THAT(
      error_of([&] { train(small_run("wide"), extras); }),
      HasSubstr("[predict] model: expected an output of shape [16, 3] in Float, found [16, 4] in "
                "Float. Let forward return one row a sample, with one number a class, or one for "
                "regression."));
  extras.model = [](const ModelCard&) { return std::shared_ptr<Straight>(); };
  EXPECT_THAT(error_of([&] { train(small_run("null"), extras); }),
              HasSubstr("[models] model factory: expected a model, found null."));
}

}  // namespace
}  // namespace dga
