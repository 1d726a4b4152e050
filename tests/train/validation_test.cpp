// SPDX-License-Identifier: Apache-2.0
//
// Runs with a validation set: it is measured as a test set is, decides, and changes no weights.

#include <ATen/Functions.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/log.h"
#include "dga/predict/weights.h"
#include "dga/report/report.h"
#include "dga/storage/atomic_file.h"
#include "dga/train/train_run.h"
#include "tests/support/as_table.h"
#include "tests/support/made_up_data.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using TablePtr = std::shared_ptr<const Dataset>;

/// Samples [first, first + count) of `table`.
TablePtr part_of(const Dataset& set, std::int64_t first, std::int64_t count) {
  const Table& table = test::as_table(set);
  const std::int64_t width = table.num_features();
  auto features = std::make_shared<float[]>(static_cast<std::size_t>(count * width));
  std::copy_n(table.features() + first * width, count * width, features.get());
  if (table.targets() != nullptr) {
    auto targets = std::make_shared<float[]>(static_cast<std::size_t>(count));
    std::copy_n(table.targets() + first, count, targets.get());
    return std::make_shared<Table>(count, table.sample_shape(), features, targets);
  }
  auto labels = std::make_shared<std::int64_t[]>(static_cast<std::size_t>(count));
  std::copy_n(table.labels() + first, count, labels.get());
  return std::make_shared<Table>(count, table.sample_shape(), features, labels,
                                 table.class_names());
}

class ValidationTest : public testing::Test {
 protected:
  RunOptions small_run(const std::string& name) const {
    RunOptions options;
    options.model.hidden = {8};
    options.training.epochs = 15;
    options.training.batch = 5;
    options.training.lr = 0.05;
    options.output.folder = folder.file(name);
    return options;
  }
  static RunResults train(const RunOptions& options, const LoadedData& data, int workers = 3,
                          const TrainExtras& extras = {}) {
    Progress nobody;
    return train_plan(prepare(plan_tasks(options, Engine::threads, workers, data)), nobody, extras)
        .results;
  }
  /// 60 samples to train on, 17 to validate on and 20 to test on; the last two sets may be absent.
  static LoadedData classes(bool validation, bool test) {
    const TablePtr all = test::made_up_classes(97).train;
    LoadedData data;
    data.train = part_of(*all, 0, 60);
    data.validation = validation ? part_of(*all, 60, 17) : nullptr;
    data.test = test ? part_of(*all, 77, 20) : nullptr;
    return data;
  }

  ScratchFolder folder;
};

TEST_F(ValidationTest, IsMeasuredAsTheSameSamplesAreAsATestSet) {
  for (const bool regression : {false, true}) {
    const TablePtr all =
        regression ? test::made_up_line(97).train : test::made_up_classes(97).train;
    LoadedData as_validation;
    as_validation.train = part_of(*all, 0, 60);
    as_validation.test = part_of(*all, 77, 20);
    as_validation.validation = part_of(*all, 60, 17);
    LoadedData as_test;
    as_test.train = as_validation.train;
    as_test.test = as_validation.validation;
    for (const int workers : {1, 3, 20}) {  // 20: some workers validate nothing
      const std::string name = str(regression, workers);
      const RunResults validated = train(small_run(name), as_validation, workers);
      const RunResults tested = train(small_run(name + "test"), as_test, workers);
      EXPECT_EQ(validated.weights_sha256, tested.weights_sha256) << "it is not trained on";
      ASSERT_EQ(validated.epochs.size(), 15U);
      for (std::size_t i = 0; i < 15; ++i) {
        EXPECT_EQ(validated.epochs[i].val_error, tested.epochs[i].test_error);
        EXPECT_EQ(tested.epochs[i].val_error, std::nullopt);
      }
      EXPECT_EQ(validated.val_error, validated.epochs.back().val_error);
      EXPECT_EQ(validated.validation_samples, 17);
      EXPECT_EQ(validated.test_samples, 20);
      EXPECT_EQ(validated.error.mean, validated.epochs.back().test_error);
    }
  }
}

TEST_F(ValidationTest, LeavesTheHeldOutFractionAsItWas) {
  const RunResults with = train(small_run("with"), classes(true, false));
  const RunResults without = train(small_run("without"), classes(false, false));
  EXPECT_EQ(with.weights_sha256, without.weights_sha256);
  EXPECT_EQ(with.test_samples, 12);
  EXPECT_EQ(with.error, without.error);
  EXPECT_EQ(without.val_error, std::nullopt);
}

TEST_F(ValidationTest, DecidesTheBestEpochAndTheEarlyEnd) {
  const RunResults all = train(small_run("all"), classes(true, true));
  const auto least = [&](auto member) {
    return std::min_element(
               all.epochs.begin(), all.epochs.end(),
               [&](const EpochResult& a, const EpochResult& b) { return a.*member < b.*member; })
        ->epoch;
  };
  const std::int64_t best = least(&EpochResult::val_error);
  ASSERT_NE(best, least(&EpochResult::test_error)) << "this run would not show anything";
  ASSERT_LT(best, 13);
  RunOptions options = small_run("best");
  options.training.keep_best = true;
  options.training.patience = 15 - best;
  options.training.epochs = 1000;
  RunOptions shorter = small_run("shorter");
  shorter.training.epochs = best;
  const RunResults kept = train(options, classes(true, true));
  EXPECT_EQ(kept.best_epoch, best);
  EXPECT_TRUE(kept.stopped_early);
  EXPECT_EQ(kept.val_error, kept.epochs[static_cast<std::size_t>(best - 1)].val_error);
  EXPECT_EQ(kept.error.mean, kept.epochs[static_cast<std::size_t>(best - 1)].test_error);
  EXPECT_EQ(kept.weights_sha256, train(shorter, classes(true, true)).weights_sha256);
}

TEST_F(ValidationTest, HasTheMetricsWhenNothingIsHeldOut) {
  TrainExtras extras;
  extras.metrics = {{"wrong", [](const at::Tensor& output, const at::Tensor& target) {
                       return output.argmax(1).ne(target).to(at::kDouble).mean().item<double>();
                     }}};
  RunOptions options = small_run("none");
  options.data.test_fraction = 0;
  for (const EpochResult& epoch : train(options, classes(true, false), 3, extras).epochs) {
    EXPECT_NEAR(epoch.metrics.at("wrong"), epoch.val_error.value(), 1e-12);
  }
  for (const EpochResult& epoch : train(small_run("some"), classes(true, true), 3, extras).epochs) {
    EXPECT_NEAR(epoch.metrics.at("wrong"), epoch.test_error.value(), 1e-12);
  }
}

TEST_F(ValidationTest, IsInTheFilesAndTheReport) {
  LoadedData data = classes(true, true);
  data.summary.label = "species";
  data.summary.notices = {"a notice"};
  std::vector<std::string> log;
  set_log_sink([&](LogLevel, std::string_view text) { log.emplace_back(text); });
  const RunResults results = train(small_run("run"), data);
  set_log_sink({});
  EXPECT_THAT(log, testing::ElementsAre("a notice"));
  EXPECT_EQ(
      epochs_from_json_lines(read_file(folder.file("run/metrics.jsonl")), "").back().val_error,
      results.val_error);
  const std::string config = read_file(folder.file("run/config.json"));
  EXPECT_THAT(config, testing::HasSubstr("\"label\": \"species\""));
  EXPECT_THAT(config, testing::HasSubstr("\"samples\": 20")) << "of each class";
  EXPECT_THAT(config, testing::HasSubstr("\"a notice\""));
  const std::string page = report_html(std::vector{folder.file("run")});
  EXPECT_THAT(page, testing::HasSubstr("Validation error</th>"));
  EXPECT_THAT(page, testing::HasSubstr("<th scope=\"row\">label</th><td>species</td>"));
}

}  // namespace
}  // namespace dga
