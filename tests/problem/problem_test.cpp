// SPDX-License-Identifier: Apache-2.0

#include "dga/problem/problem.h"

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>

#include "dga/base/error.h"
#include "dga/data/arrays.h"
#include "tests/support/as_table.h"
#include "tests/support/error_of.h"
#include "tests/support/made_up_data.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using test::error_of;
using testing::HasSubstr;

constexpr const char* kDigits = "data/digits";  // tests run in the root of the sources

class ProblemTest : public testing::Test {
 protected:
  ~ProblemTest() override { close(); }

  FactorizationProblem small_problem(const std::string& output = "run") const {
    return create_factorization_problem({.data_dir = kDigits,
                                         .num_client_items = 3,
                                         .data_size = 10,
                                         .run = {.training = {.epochs = 2, .batch = 64},
                                                 .output = {.folder = folder.file(output)}}});
  }

  ScratchFolder folder;
};

TEST_F(ProblemTest, ApplyDoesAllStepsAndTheLastRunIsRemembered) {
  const RunSummary summary = DistributedGradientAccumulator::apply(small_problem());
  EXPECT_EQ(summary.results.workers, 3);
  EXPECT_EQ(summary.folder, folder.file("run"));
  EXPECT_TRUE(std::filesystem::exists(folder.file("run/results.json")));
  EXPECT_EQ(dga::time().values().size(), 3U);
  EXPECT_GT(dga::time().mean(), 0);
  EXPECT_EQ(error().values().size(), 3U);
  EXPECT_EQ(error().mean(), summary.results.error.mean);
}

TEST_F(ProblemTest, StepsOneByOneComeToTheSameWeights) {
  const auto all_at_once = DistributedGradientAccumulator::apply(small_problem("a"));
  const auto problem = small_problem("b");
  EXPECT_EQ(assign_tasks(problem).size(), 3U);
  prepare_data(problem);
  run(problem);
  EXPECT_EQ(get_results(problem).results.weights_sha256, all_at_once.results.weights_sha256);
}

TEST_F(ProblemTest, EveryWorkerIsAssignedItsOwnSamples) {
  const auto tasks = assign_tasks(small_problem());
  std::int64_t samples = 0;
  std::int64_t test_samples = 0;
  for (const TaskAssignment& task : tasks) {
    EXPECT_EQ(task.node, 0);
    EXPECT_FALSE(task.host.empty());
    EXPECT_EQ(task.num_samples, static_cast<std::int64_t>(task.samples.size()));
    samples += task.num_samples;
    test_samples += task.num_test_samples;
  }
  EXPECT_EQ(samples + test_samples, 1797);
  EXPECT_EQ(test_samples, 359);
}

TEST_F(ProblemTest, TwoCallsOnOneFolderReadItOnce) {
  const auto first = create_dataset({.data_dir = kDigits, .num_client_items = 30});
  const auto second = create_dataset({.data_dir = kDigits});
  EXPECT_EQ(&first.data(), &second.data());
  EXPECT_EQ(first.num_samples(), 1797);
  EXPECT_EQ(first.num_features(), 64);
  EXPECT_EQ(first.num_classes(), 10);
}

TEST_F(ProblemTest, LevelsToComeSayWhatIsMissing) {
  const auto create = [](int levels) {
    return [levels] {
      create_factorization_problem({.data_dir = kDigits,
                                    .num_client_items = 30,
                                    .data_size = 100,
                                    .num_factorization_levels = levels});
    };
  };
  EXPECT_THAT(error_of(create(2)), HasSubstr("pipeline parallelism is not there yet"));
  EXPECT_THAT(error_of(create(3)), HasSubstr("tensor parallelism is not there yet"));
  EXPECT_THAT(error_of(create(4)), HasSubstr("space parallelism is not there yet"));
  EXPECT_THAT(error_of(create(5)), HasSubstr("levels: expected an integer from 1 to 4"));
}

TEST_F(ProblemTest, StepsOutOfOrderSayWhichIsMissing) {
  const auto problem = small_problem();
  EXPECT_EQ(error_of([&] { prepare_data(problem); }),
            "[problem] prepare_data: expected assigned tasks, found none. Call "
            "assign_tasks(problem) first.");
  EXPECT_EQ(error_of([&] { run(problem); }),
            "[problem] run: expected prepared data, found neither that nor assigned tasks. Call "
            "assign_tasks(problem) and prepare_data(problem) first.");
  assign_tasks(problem);
  EXPECT_EQ(error_of([&] { run(problem); }),
            "[problem] run: expected prepared data, found assigned tasks only. Call "
            "prepare_data(problem) first.");
  EXPECT_EQ(error_of([&] { get_results(problem); }),
            "[problem] get_results: expected a run that has ended, found none. Call run(problem) "
            "first.");
}

TEST_F(ProblemTest, TimeAndErrorBeforeAnyRunSayWhatToDo) {
  EXPECT_EQ(error_of([] { dga::time(); }),
            "[problem] time: expected a run that has ended, found none. Call "
            "DistributedGradientAccumulator::apply(problem) first.");
  EXPECT_THAT(error_of([] { error(); }), HasSubstr("[problem] error: expected a run"));
}

SampleArrays arrays_of(const Dataset& set, std::int64_t count) {
  const Table& table = test::as_table(set);
  // The table outlives the arrays in these tests.
  const auto borrowed = [](const auto*) {};
  return {.count = count,
          .shape = table.sample_shape(),
          .features = {table.features(), borrowed},
          .labels = {table.labels(), borrowed}};
}

TEST_F(ProblemTest, AValidationSetOfArraysGoesThroughEveryStep) {
  const std::shared_ptr<const Dataset> table = test::made_up_classes(60).train;
  const auto dataset = create_dataset(
      data_from_arrays(arrays_of(*table, 60), arrays_of(*table, 20), arrays_of(*table, 7)));
  FactorizationProblemOptions options{.num_client_items = 3, .dataset = dataset};
  options.run.training.epochs = 2;
  options.run.output.folder = folder.file("validated");
  const auto problem = create_factorization_problem(options);
  std::int64_t validated = 0;
  for (const TaskAssignment& task : assign_tasks(problem)) {
    validated += task.num_validation_samples;
  }
  EXPECT_EQ(validated, 7);
  const RunResults results = DistributedGradientAccumulator::apply(problem).results;
  EXPECT_EQ(results.validation_samples, 7);
  EXPECT_EQ(results.test_samples, 20);
  EXPECT_EQ(results.val_error, results.epochs.back().val_error);
  options.run.data.val_path = "more";
  EXPECT_EQ(error_of([&] { create_factorization_problem(options); }),
            "[problem] dataset: expected either it or data_dir, found both. Leave one out.");
}

TEST_F(ProblemTest, ValidationArraysMustBeLikeTheTrainingArrays) {
  const std::shared_ptr<const Dataset> table = test::made_up_classes(60).train;
  const SampleArrays train = arrays_of(*table, 6);
  SampleArrays other = train;
  other.shape = {5};
  EXPECT_EQ(error_of([&] { data_from_arrays(train, {}, other); }),
            "[data] val_x: expected samples like those of x, with 6 features and integer labels, "
            "found 5 features and integer labels. Take both from the same source.");
  other = train;
  other.labels = std::make_shared<std::int64_t[]>(6, 7);
  EXPECT_THAT(error_of([&] { data_from_arrays(train, {}, other); }),
              testing::HasSubstr("[data] val_y: sample 0: expected a label of the training set"));
}

TEST_F(ProblemTest, AnEnvironmentIsOpenedOnDemandAndOnlyOnce) {
  create_dataset({.data_dir = kDigits});
  EXPECT_EQ(error_of([] { create_environment(); }),
            "[problem] create_environment: expected none to be open, found one. Call close() "
            "first.");
  close();
  EXPECT_EQ(create_environment({.workers = {.engine = Engine::processes}}).engine,
            Engine::processes);
  EXPECT_EQ(small_problem().options().workers.engine, Engine::processes);
}

TEST_F(ProblemTest, OptionsOfTheEnvironmentOpenOneOrMustAgreeWithIt) {
  const auto create = [](const WorkerOptions& workers) {
    return create_factorization_problem({.data_dir = kDigits, .run = {.workers = workers}});
  };
  const WorkerOptions opened =
      create({.engine = Engine::processes, .timeout = 7}).options().workers;
  EXPECT_EQ(opened.engine, Engine::processes);
  EXPECT_EQ(opened.timeout, 7);
  EXPECT_EQ(create({.count = 2}).options().workers.timeout, 7);
  EXPECT_EQ(create({.engine = Engine::processes}).options().workers, opened);
  EXPECT_EQ(error_of([&] { create({.engine = Engine::threads}); }),
            "[problem] engine: expected that of the open environment, processes, found threads. "
            "Give it to create_environment.");
  EXPECT_EQ(error_of([&] { create({.timeout = 8}); }),
            "[problem] timeout: expected that of the open environment, 7, found 8. Give it to "
            "create_environment.");
  close();
  create_environment();
  EXPECT_EQ(create({.engine = Engine::threads}).options().workers.engine, Engine::threads);
}

TEST_F(ProblemTest, OptionsGoToTheCallThatTakesThem) {
  EXPECT_EQ(error_of([] { create_environment({.workers = {.count = 3}}); }),
            "[problem] create_environment: expected no value for workers, which belongs to a "
            "problem, found 3. Give it to create_factorization_problem.");
  EXPECT_EQ(error_of([] { create_environment({.workers = {.timeout = -1}}); }),
            "[options] timeout: expected a number above 0 to 10000000, found -1. Correct the "
            "value.");
  EXPECT_EQ(error_of([] { create_dataset({.data_dir = kDigits, .data = {.test_fraction = 0.5}}); }),
            "[problem] create_dataset: expected no value for test-fraction, which belongs to a "
            "problem, found 0.5. Give it to create_factorization_problem.");
  EXPECT_EQ(create_dataset({.data = {.path = kDigits}}).num_samples(), 1797);
}

TEST_F(ProblemTest, ClosingTwiceIsFineAndClosesProblems) {
  const auto problem = small_problem();
  close();
  close();
  EXPECT_EQ(error_of([&] { assign_tasks(problem); }),
            "[problem] assign_tasks: expected an open environment, found it closed. Create the "
            "environment and the problem again.");
  EXPECT_THAT(error_of([] { dga::time(); }), HasSubstr("expected a run"));
}

TEST_F(ProblemTest, BadInputIsRefusedWhenTheProblemIsCreated) {
  EXPECT_THAT(error_of([] { create_factorization_problem({}); }),
              HasSubstr("data: expected a folder or file with samples"));
  EXPECT_THAT(error_of([] { create_factorization_problem({.data_dir = "nowhere"}); }),
              HasSubstr("nowhere: expected a folder or a file with data"));
  EXPECT_THAT(
      error_of([] { create_factorization_problem({.data_dir = kDigits, .num_client_items = -1}); }),
      HasSubstr("workers: expected an integer from 1 to 4096"));
  EXPECT_EQ(error_of([] { create_dataset({.data_dir = kDigits, .num_client_items = 2000}); }),
            "[problem] num_client_items: expected at least one sample a worker, found 1797 "
            "samples for 2000 workers. Use fewer workers or more data.");
}

/// Starts another run in the middle of one.
class Impatient final : public Progress {
 public:
  explicit Impatient(FactorizationProblem other) : other_(std::move(other)) {}
  void epoch_done(const EpochResult&) override {
    text = error_of([&] { run(other_); });
  }

  std::string text;

 private:
  FactorizationProblem other_;
};

TEST_F(ProblemTest, TwoRunsAtOnceAreRefused) {
  const auto other = small_problem("other");
  assign_tasks(other);
  prepare_data(other);
  const auto impatient = std::make_shared<Impatient>(other);
  DistributedGradientAccumulator::apply(create_factorization_problem(
      {.data_dir = kDigits,
       .num_client_items = 2,
       .data_size = 4,
       .run = {.training = {.epochs = 1, .batch = 64}, .output = {.folder = folder.file("run")}},
       .progress = impatient}));
  EXPECT_EQ(impatient->text,
            "[problem] run: expected one run at a time, found another going on in this process. "
            "Wait for it to end.");
  EXPECT_FALSE(std::filesystem::exists(folder.file("other")));
}

TEST_F(ProblemTest, ShortNamesAndTheOptionsTheyStandForAreOne) {
  const RunOptions by_short_names = create_factorization_problem({.data_dir = kDigits,
                                                                  .num_client_items = 3,
                                                                  .data_size = 7,
                                                                  .num_factorization_levels = 1})
                                        .options();
  const RunOptions run{
      .data = {.path = kDigits}, .workers = {.count = 3, .levels = 1}, .model = {.hidden = {7}}};
  EXPECT_EQ(by_short_names, run);
  EXPECT_EQ(create_factorization_problem({.run = run}).options(), run);
  EXPECT_EQ(create_factorization_problem({.data_dir = kDigits,
                                          .num_client_items = 3,
                                          .data_size = 7,
                                          .num_factorization_levels = 1,
                                          .run = run})
                .options(),
            run);
}

TEST_F(ProblemTest, ShortNamesThatContradictTheirOptionsAreRefused) {
  const RunOptions run{
      .data = {.path = kDigits}, .workers = {.count = 3, .levels = 2}, .model = {.hidden = {7, 5}}};
  const auto text = [](const char* name, const char* full_name) {
    return str("[problem] ", name, ": expected it alone, or equal to ", full_name,
               ", found both, and they differ. Set one of them.");
  };
  EXPECT_EQ(error_of([&] { create_factorization_problem({.data_dir = "other", .run = run}); }),
            text("data_dir", "run.data.path"));
  EXPECT_EQ(error_of([&] { create_factorization_problem({.num_client_items = 4, .run = run}); }),
            text("num_client_items", "run.workers.count"));
  EXPECT_EQ(error_of([&] { create_factorization_problem({.data_size = 7, .run = run}); }),
            text("data_size", "run.model.hidden"));
  EXPECT_EQ(
      error_of([&] { create_factorization_problem({.num_factorization_levels = 1, .run = run}); }),
      text("num_factorization_levels", "run.workers.levels"));
  EXPECT_EQ(error_of([] { create_dataset({.data_dir = kDigits, .data = {.path = "other"}}); }),
            text("data_dir", "data.path"));
}

TEST_F(ProblemTest, TheSelfTestPassesAndSaysWhatItTried) {
  const SelfTestReport report = self_test();
  EXPECT_TRUE(report.passed) << testing::PrintToString(report.lines);
  ASSERT_EQ(report.lines.size(), 3U);
  EXPECT_THAT(report.lines[1], testing::MatchesRegex("threads: 3 workers, weights [0-9a-f]+, ok"));
  EXPECT_THAT(report.lines[2], HasSubstr("mpi: not tried: "));
}

}  // namespace
}  // namespace dga
