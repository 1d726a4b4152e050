// SPDX-License-Identifier: Apache-2.0

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>

#include "dga/base/build_info.h"
#include "dga/base/error.h"
#include "dga/base/process_threads.h"
#include "dga/base/random.h"
#include "dga/launch/launch.h"
#include "dga/launch/worker_map.h"
#include "dga/problem/problem.h"
#include "dga/storage/local/temporary_folder.h"
#include "dga/storage/store_path.h"
#include "dga/train/plan.h"

namespace dga {
namespace {

constexpr int kWorkers = 3;  // uneven shards, and a tree with an empty place

/// Two classes of points that a line separates, more or less.
LoadedData made_up_data() {
  constexpr std::int64_t kSamples = 100;
  constexpr std::int64_t kFeatures = 4;
  const auto features = std::make_shared<float[]>(kSamples * kFeatures);
  const auto labels = std::make_shared<std::int64_t[]>(kSamples);
  RandomStream stream(stream_key(0, "self test"));
  for (std::int64_t i = 0; i < kSamples; ++i) {
    double sum = 0;
    for (std::int64_t f = 0; f < kFeatures; ++f) {
      const double value = 2 * stream.uniform() - 1;
      features[static_cast<std::ptrdiff_t>(i * kFeatures + f)] = static_cast<float>(value);
      sum += value;
    }
    labels[static_cast<std::ptrdiff_t>(i)] = sum > 0 ? 1 : 0;
  }
  LoadedData data;
  data.train = std::make_shared<Table>(kSamples, std::vector<std::int64_t>{kFeatures}, features,
                                       labels, std::vector<std::string>{"below", "above"});
  return data;
}

/// The hash of the weights that `engine` comes to, with dropout, momentum and micro-steps.
std::string weights_by(Engine engine, int workers, const std::string& folder) {
  RunOptions options;
  options.workers.count = engine == Engine::mpi ? 0 : workers;
  options.model.hidden = {8};
  options.model.dropout = 0.2;
  options.training.epochs = 2;
  options.training.batch = 4;
  options.training.micro_steps = 2;
  options.workers.timeout = 60;
  options.output.folder = folder;
  const WorkerMap map = map_workers(launch_options_of(options, engine));
  const TrainPlan plan = prepare(plan_tasks(options, engine, map, made_up_data()));
  Progress nobody;
  // Under MPI each rank compares its own threads with all ranks.
  return train_plan(plan, nobody, {.each_rank_alone = engine == Engine::threads})
      .results.weights_sha256;
}

class SelfTest {
 public:
  /// Tries one engine; `why_not` is empty where it can be tried.
  void attempt(Engine engine, int workers, const std::string& why_not) {
    const std::string name(name_of(engine));
    if (!why_not.empty()) {
      report_.lines.push_back(str(name, ": not tried: ", why_not));
      return;
    }
    try {
      // Each process of an MPI job has a folder of its own.
      const std::string hash = weights_by(engine, workers, path_in(folder_.path(), name));
      const bool same = reference_.empty() || hash == reference_;
      reference_ = reference_.empty() ? hash : reference_;
      report_.passed = report_.passed && same;
      report_.lines.push_back(str(name, ": ", workers, " workers, weights ", hash.substr(0, 12),
                                  same ? ", ok" : ", which differ from the first engine's"));
    } catch (const std::exception& error) {
      report_.passed = false;
      report_.lines.push_back(str(name, ": failed: ", error.what()));
    }
  }

  SelfTestReport report() { return report_; }

 private:
  TemporaryFolder folder_{"dga-self-test"};
  std::string reference_;
  SelfTestReport report_{.passed = true};
};

}  // namespace

SelfTestReport self_test() {
  const bool under_mpi = resolve_engine(Engine::automatic) == Engine::mpi;
  const int workers =
      under_mpi ? static_cast<int>(map_workers(launch_options_of({}, Engine::mpi)).workers.size())
                : kWorkers;
  SelfTest test;
  // First those that fork: what runs later may leave threads behind.
  test.attempt(Engine::processes, workers,
               under_mpi           ? "this is a rank of an MPI program"
               : single_threaded() ? ""
                                   : "this program has threads already, so its workers would "
                                     "execute it again");
  test.attempt(Engine::threads, workers, "");
  test.attempt(Engine::mpi, workers,
               under_mpi               ? ""
               : mpi_version().empty() ? "this build has no MPI"
                                       : "this program was not started by mpirun or srun");
  return test.report();
}

}  // namespace dga
