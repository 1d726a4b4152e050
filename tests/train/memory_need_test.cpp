// SPDX-License-Identifier: Apache-2.0

#include "dga/train/memory_need.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "dga/train/train_run.h"
#include "tests/support/error_of.h"
#include "tests/support/made_up_data.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

constexpr std::int64_t kPlenty = std::int64_t{1} << 60;

RunOptions with_hidden(std::vector<std::int64_t> hidden) {
  RunOptions options;
  options.model.hidden = std::move(hidden);
  options.training.epochs = 2;
  return options;
}

TrainPlan plan_for(const RunOptions& options, int workers = 1) {
  return prepare(plan_tasks(options, Engine::threads, workers, test::made_up_classes(60)));
}

/// Bytes a parameter, of a model that is large beside its batches.
double share_of(RunOptions options, int workers = 1, int on_node = 1, int carriers = 0) {
  options.model.hidden = {100'000, 100'000};
  options.workers.carriers = carriers > 0 ? carriers : workers;
  const MemoryNeed need = memory_need(plan_for(options, workers), {}, on_node);
  return need.node / static_cast<double>(need.parameters);
}

TEST(MemoryNeed, HasTheSharesOfParametersGradientsAndState) {
  RunOptions options = with_hidden({});
  options.training.epochs = 1;
  // Parameter, gradient, two numbers of Adam's, and two that a step holds for a moment, or the
  // gradient as autograd makes it.
  EXPECT_NEAR(share_of(options), 4 * 6, 0.01);
  EXPECT_NEAR(share_of(options, 3, 3), 4 * (1 + 3 + 2 + 3), 0.01);
  EXPECT_NEAR(share_of(options, 4, 2), 4 * (1 + 2 + 1 + 2), 0.01) << "state of the node's workers";
  EXPECT_NEAR(share_of(options, 30, 2, 2), 4 * (1 + 2 * (1 + 4) + 2 + 2), 0.01)
      << "two carriers with one buffer and four partial sums each";
  options.training.ema = 0.9;
  EXPECT_NEAR(share_of(options), 4 * 8, 0.01);
  options.training.ema = 0;
  options.training.optimizer = OptimizerKind::muon;
  EXPECT_NEAR(share_of(options), 4 * 4, 0.01);
  options.training.optimizer = OptimizerKind::sgd;
  EXPECT_NEAR(share_of(options), 4 * 4, 0.01);
  options.training.momentum = 0;
  EXPECT_NEAR(share_of(options), 4 * 3, 0.01);
  options.training.epochs = 2;
  EXPECT_NEAR(share_of(options), 4 * 4, 0.01) << "the weights of the last epoch";
}

/// A line of /proc/self/status, in bytes.
double status_bytes(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":")) {
      return std::stod(line.substr(name.size() + 1)) * 1024;
    }
  }
  return 0;
}

TEST(MemoryNeed, IsAboutWhatARunTakes) {
  const ScratchFolder folder;
  RunOptions options = with_hidden({2000, 2000});
  options.output.folder = folder.file("run");
  options.training.batch = 30;
  const TrainPlan plan = plan_for(options, 2);
  std::ofstream("/proc/self/clear_refs") << 5;  // the peak begins anew
  const double before = status_bytes("VmRSS");
  Progress nobody;
  train_plan(plan, nobody);
  const double taken = status_bytes("VmHWM") - before;
  const double needed = memory_need(plan, {}, 2).node;
  EXPECT_LT(needed, 1.1 * taken) << "it would refuse runs that fit";
  EXPECT_GT(needed, 0.3 * taken);
}

TEST(MemoryNeed, IsToldBesideWhatThereIs) {
  const TrainPlan plan = plan_for(with_hidden({1'000'000, 1'000'000}), 2);
  AvailableMemory available{.machine = std::int64_t{20} << 30};
  EXPECT_THAT(memory_problem(plan, {}, 2, available),
              MatchesRegex("\\[train\\] memory: expected room for 29\\.1 TiB "
                           "\\(100001[0-9]+ parameters with gradients and optimiser state, 2 "
                           "workers on this machine\\), found 20\\.0 GiB available\\. Choose a "
                           "smaller --hidden or fewer --workers\\."));
  available.limited_by_cgroup = true;
  EXPECT_THAT(memory_problem(plan, {}, 2, available),
              HasSubstr("found 20.0 GiB left in this container or job."));
  EXPECT_THAT(memory_problem(plan, {}, 2, {.machine = kPlenty, .address_space = 1 << 30}),
              HasSubstr("found 1.0 GiB left under the limit of ulimit -v."));
}

TEST(MemoryNeed, OfARunThatFitsIsNoProblem) {
  EXPECT_EQ(memory_problem(plan_for(with_hidden({100})), {}, 1, available_memory()), "");
}

TEST(MemoryNeed, OfAModelOfTheProgramsOwnIsNotKnown) {
  TrainExtras extras;
  extras.model = [](const ModelCard&) { return Model{}; };
  EXPECT_EQ(memory_problem(plan_for(with_hidden({1'000'000, 1'000'000})), extras, 1, {}), "");
}

TEST(MemoryNeed, BeyondWhatThereIsRefusesTheRunAndLeavesNothing) {
  const ScratchFolder folder;
  RunOptions options = with_hidden({1'000'000, 1'000'000});
  options.output.folder = folder.file("run");
  Progress nobody;
  EXPECT_THAT(test::error_of([&] { train_plan(plan_for(options), nobody); }),
              HasSubstr("[train] memory: expected room for "));
  EXPECT_TRUE(folder.names().empty());
}

}  // namespace
}  // namespace dga
