// SPDX-License-Identifier: Apache-2.0
//
// The problem API, for people who have data and want a trained model: create, assign, prepare, run,
// get results, close. docs/problem_api.md walks through it.
//
//     auto problem = dga::create_factorization_problem({.data_dir = "data/digits",
//                                                       .num_client_items = 30});
//     dga::DistributedGradientAccumulator::apply(problem);
//     std::cout << dga::time().mean() << ' ' << dga::error().mean() << '\n';
//     dga::close();
//
// Call these functions from one thread at a time; under MPI every rank makes the same calls. Errors
// are those of dga/base/error.h. A step that is called too early names the step that is missing.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dga/options/progress.h"
#include "dga/options/run_options.h"
#include "dga/train/train_run.h"

namespace dga {

// ------------------------------------------------------------------------ environment

struct EnvironmentOptions {
  /// engine, timeout and ranks_per_node; the number of workers and the levels are a problem's.
  WorkerOptions workers = {};
  /// processes: the program to execute as workers in place of this one; its main calls
  /// train_as_worker (train_run.h). Empty: this program.
  std::string worker_program = {};
  /// MPI: a pointer to the MPI_Comm to use instead of MPI_COMM_WORLD.
  void* mpi_comm = nullptr;
};

struct EnvironmentInfo {
  Engine engine = Engine::threads;  // the one that was chosen; never automatic
  std::string machine = {};         // "2 cores (2 usable), …"
};

/// Opens the parallel environment of this process. Throws InvalidArgument when one is open, when a
/// value is out of bounds, when `workers` sets something that is not the environment's, and as
/// check_engine (launch.h) does.
EnvironmentInfo create_environment(const EnvironmentOptions& options = {});

/// Closes the environment and forgets data, results and problems. Does nothing when none is open. A
/// program that never calls it ends cleanly too.
void close() noexcept;

// ------------------------------------------------------------------------------- data

struct DatasetOptions {
  /// A folder, a file or a file:// URI with samples in a format recognised by its content. Empty:
  /// what `data` says.
  std::string data_dir = {};
  /// The number of workers that will share it; 0: not known.
  int num_client_items = 0;
  /// path, test_path, label and task; how samples are held out and sharded is a problem's.
  DataOptions data = {};
};

/// Samples in memory. Copies share them.
class ClientDataset {
 public:
  explicit ClientDataset(std::shared_ptr<const LoadedData> data);

  /// The number of training samples, with those to be held out where the data has no test set.
  std::int64_t num_samples() const;
  std::int64_t num_features() const;
  /// 0 for regression.
  std::int64_t num_classes() const;
  const LoadedData& data() const noexcept { return *data_; }
  const std::shared_ptr<const LoadedData>& shared_data() const noexcept { return data_; }

 private:
  std::shared_ptr<const LoadedData> data_;
};

/// Reads the data. Two calls on the same unchanged files read them once.
/// Opens a default environment if none is open. Throws DataError, and InvalidArgument when there
/// are fewer samples than `num_client_items` and for options that contradict each other.
ClientDataset create_dataset(const DatasetOptions& options);

/// A dataset of samples in memory, for instance from data_from_arrays.
ClientDataset create_dataset(LoadedData data);

// ---------------------------------------------------------------------------- problem

/// The first four are short names for options of `run`, and each is unset as it stands: then `run`
/// decides. Setting both, to different values, is an error.
struct FactorizationProblemOptions {
  std::string data_dir = {};  // run.data.path
  /// Workers, each with its own disjoint shard of the samples: run.workers.count.
  int num_client_items = 0;
  /// Hidden neurons of the network: run.model.hidden, with one layer.
  std::int64_t data_size = 0;
  /// Kinds of parallelism, run.workers.levels: 1 data. 2 (and pipeline), 3 (and tensor) and 4 (and
  /// space) are to come.
  int num_factorization_levels = 0;

  /// Everything that `dga train` can be told, with the same defaults. engine, timeout and
  /// ranks_per_node belong to the environment: they open one if none is open, and must agree with
  /// it otherwise. output.quiet and output.config have no effect here.
  RunOptions run = {};
  /// Samples in memory, instead of data_dir.
  std::optional<ClientDataset> dataset = {};
  /// Is called after each step and epoch, and may end the run after an epoch; null: not called.
  std::shared_ptr<Progress> progress = {};
  /// A loss, metrics and a model of your own; train_extras.h says who calls them, and when.
  LossFunction loss = {};
  std::vector<Metric> metrics = {};
  ModelFactory model = {};
};

/// One worker's task: its shard of the samples, and its node.
struct TaskAssignment {
  int worker = 0;
  int node = 0;
  std::string host = {};
  std::int64_t num_samples = 0;            // of the training set
  std::int64_t num_test_samples = 0;       // of the held-out set
  std::vector<std::int64_t> samples = {};  // numbers in the training set
};

/// Work to be split over workers. Copies are the same problem.
class FactorizationProblem {
 public:
  struct State;
  explicit FactorizationProblem(std::shared_ptr<State> state) : state_(std::move(state)) {}

  /// The options of its runs, those of the environment included.
  const RunOptions& options() const noexcept;
  State& state() const noexcept { return *state_; }

 private:
  std::shared_ptr<State> state_;
};

/// Reads the data, unless it has been read, and checks everything that can be checked without
/// running. Opens an environment if none is open. Throws DataError and InvalidArgument.
FactorizationProblem create_factorization_problem(const FactorizationProblemOptions& options);

// ------------------------------------------------------------------------------ steps

/// Assigns a shard to each worker, and each worker to a node. Under MPI all ranks must call it;
/// it throws InvalidArgument on all of them if their options, data, versions or environments
/// differ.
std::vector<TaskAssignment> assign_tasks(const FactorizationProblem& problem);

/// Splits off the held-out samples and measures the normalisation. After assign_tasks.
void prepare_data(const FactorizationProblem& problem);

/// Trains, and stores the results in files. After prepare_data; may be repeated, with another
/// folder each time. Throws InvalidArgument while another run goes on in this process.
void run(const FactorizationProblem& problem);

/// The results of the problem's last run, and the folder of its files. After run.
RunSummary get_results(const FactorizationProblem& problem);

struct DistributedGradientAccumulator {
  /// assign_tasks, prepare_data, run and get_results in one call.
  static RunSummary apply(const FactorizationProblem& problem);
};

// ---------------------------------------------------------------------------- results

/// One value for each worker.
class WorkerValues {
 public:
  explicit WorkerValues(PerWorker values) : values_(std::move(values)) {}

  /// NaN when no worker has a value.
  double mean() const noexcept;
  /// One for each worker; empty where a worker has no value.
  const std::vector<std::optional<double>>& values() const noexcept { return values_.values; }

 private:
  PerWorker values_;
};

/// Seconds that each worker took from its first to its last step in the last run of this process,
/// with waits, without evaluation. Throws InvalidArgument before any run.
WorkerValues time();

/// The model's error on each worker's held-out samples: the fraction it gets wrong (regression: the
/// mean squared error). The mean is weighted by samples. Throws InvalidArgument before any run.
WorkerValues error();

// --------------------------------------------------------------------------- self test

struct SelfTestReport {
  bool passed = false;
  /// One for each engine: the result, or why the engine was not tried.
  std::vector<std::string> lines = {};
};

/// Trains a tiny network on made-up data on each engine that works in this process, and compares
/// the weights bit for bit. Takes a second or two; leaves no files. Under MPI all ranks must call
/// it.
SelfTestReport self_test();

}  // namespace dga
