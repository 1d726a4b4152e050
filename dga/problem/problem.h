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
  /// engine, timeout and ranks_per_node. count and levels are set on the problem.
  WorkerOptions workers = {};
  /// Engine processes: the program that workers execute instead of this one. Its main calls
  /// train_as_worker (train_run.h). Empty: this program.
  std::string worker_program = {};
  /// MPI: a pointer to the MPI_Comm to use instead of MPI_COMM_WORLD.
  void* mpi_comm = nullptr;
};

struct EnvironmentInfo {
  Engine engine = Engine::threads;  // the engine in use; never automatic
  std::string machine = {};         // "2 cores (2 usable), …"
};

/// Opens the parallel environment of this process. Throws InvalidArgument if one is open, if a
/// value is out of bounds, if `workers` sets a member other than those three, and as check_engine
/// (launch.h) does.
EnvironmentInfo create_environment(const EnvironmentOptions& options = {});

/// Closes the environment and forgets data, results and problems. Does nothing when none is open. A
/// program that never calls it ends cleanly too.
void close() noexcept;

// ------------------------------------------------------------------------------- data

struct DatasetOptions {
  /// The path or URI of a folder or file with samples in a format recognised by its content. Empty:
  /// `data.path` is used.
  std::string data_dir = {};
  /// The number of workers that will share the samples. 0: unspecified.
  int num_client_items = 0;
  /// path, test_path, val_path, table and task. test_fraction and shard are set on the problem.
  DataOptions data = {};
};

/// Samples in memory. Copies share them.
class ClientDataset {
 public:
  explicit ClientDataset(std::shared_ptr<const LoadedData> data);

  /// The number of training samples, before a test set is held out, which happens only when the
  /// dataset has none.
  std::int64_t num_samples() const;
  std::int64_t num_features() const;
  /// 0 for regression.
  std::int64_t num_classes() const;
  const LoadedData& data() const noexcept { return *data_; }
  const std::shared_ptr<const LoadedData>& shared_data() const noexcept { return data_; }

 private:
  std::shared_ptr<const LoadedData> data_;
};

/// Reads the data. Two calls on the same unchanged files read them once. A stream under MPI needs
/// all ranks: rank 0 reads all files first if `data.samples.index` names a folder, where the others
/// then find what it has found, and an error of one rank is that of all. Opens a default
/// environment if none is open. Throws DataError, and InvalidArgument when there are fewer samples
/// than `num_client_items` and for options that contradict each other.
ClientDataset create_dataset(const DatasetOptions& options);

/// A dataset of samples in memory, for instance from data_from_arrays.
ClientDataset create_dataset(LoadedData data);

// ---------------------------------------------------------------------------- problem

/// The first four members are shorthands for options in `run`. A shorthand left at its default is
/// ignored. Setting a shorthand and its option to different values is an error.
struct FactorizationProblemOptions {
  std::string data_dir = {};  // run.data.path
  /// Number of workers, each with its own disjoint shard of the samples: run.workers.count.
  int num_client_items = 0;
  /// Neurons of the single hidden layer: run.model.hidden.
  std::int64_t data_size = 0;
  /// Levels of parallelism: run.workers.levels. 1: data; 2: also pipeline; 3: also tensor; 4: also
  /// spatial. Only 1 is implemented.
  int num_factorization_levels = 0;

  /// All options of `dga train`, with the same defaults. engine, timeout and ranks_per_node belong
  /// to the environment. If none is open, one is opened with these values; otherwise they must
  /// agree with it. output.quiet and output.config have no effect here.
  RunOptions run = {};
  /// Samples in memory, instead of data_dir.
  std::optional<ClientDataset> dataset = {};
  /// Called after each step and epoch; may end the run after an epoch. May be null.
  std::shared_ptr<Progress> progress = {};
  /// Your own loss, metrics and model. train_extras.h says which worker calls them, and when.
  LossFunction loss = {};
  std::vector<Metric> metrics = {};
  ModelFactory model = {};
};

/// One worker's task: its shard of the samples, and its node.
struct TaskAssignment {
  int worker = 0;
  int node = 0;
  std::string host = {};
  std::int64_t num_samples = 0;       // of the training set
  std::int64_t num_test_samples = 0;  // of the held-out set
  std::int64_t num_validation_samples = 0;
  std::vector<std::int64_t> samples = {};  // numbers in the training set
};

/// Work to be split over workers. Copies share state.
class FactorizationProblem {
 public:
  struct State;
  explicit FactorizationProblem(std::shared_ptr<State> state) : state_(std::move(state)) {}

  /// The options of its runs, including those of the environment.
  const RunOptions& options() const noexcept;
  State& state() const noexcept { return *state_; }

 private:
  std::shared_ptr<State> state_;
};

/// Reads the data, unless it has been read, and checks everything that can be checked without
/// running. Opens an environment if none is open. A stream under MPI needs all ranks, as for
/// create_dataset. Throws DataError and InvalidArgument.
FactorizationProblem create_factorization_problem(const FactorizationProblemOptions& options);

// ------------------------------------------------------------------------------ steps

/// Assigns a shard to each worker, and each worker to a node. Under MPI all ranks must call it; it
/// throws InvalidArgument on all of them if they differ in options, data, versions of dga or torch,
/// or environment variables that change results (docs/engines.md).
std::vector<TaskAssignment> assign_tasks(const FactorizationProblem& problem);

/// Splits off the held-out samples and measures the normalisation. Call it after assign_tasks.
/// Under MPI all ranks must call it.
void prepare_data(const FactorizationProblem& problem);

/// Trains, and stores the results in files. Call it after prepare_data. May be called again, with
/// another folder each time. Throws InvalidArgument while another run is in progress in this
/// process.
void run(const FactorizationProblem& problem);

/// The results of the problem's last run, and the folder of its files. Call it after run.
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
  /// One entry per worker; unset if the worker has no value.
  const std::vector<std::optional<double>>& values() const noexcept { return values_.values; }

 private:
  PerWorker values_;
};

/// Seconds that each worker took from its first to its last step in the last run of this process,
/// including waits, excluding evaluation. Throws InvalidArgument before any run.
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
