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
// Called by one thread at a time; under MPI by every rank alike. Errors are those of
// dga/base/error.h, and a step that was called too early says which one is missing.

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
  Engine engine = RunOptions{}.engine;
  double timeout = RunOptions{}.timeout;  // seconds one worker waits for another
  int ranks_per_node = RunOptions{}.ranks_per_node;
  /// processes: the program whose main calls train_as_worker, to be executed as workers in place of
  /// this one; empty: this one. See train_run.h.
  std::string worker_program = {};
  /// MPI: a pointer to the MPI_Comm to use instead of MPI_COMM_WORLD.
  void* mpi_comm = nullptr;
};

struct EnvironmentInfo {
  Engine engine = Engine::threads;  // the one that was chosen; never automatic
  std::string machine = {};         // "2 cores (2 usable), …"
};

/// Opens the parallel environment of this process. Throws InvalidArgument when one is open.
EnvironmentInfo create_environment(const EnvironmentOptions& options = {});

/// Closes it and forgets data, results and open problems. Does nothing when none is open. A program
/// that never calls it ends cleanly all the same.
void close() noexcept;

// ------------------------------------------------------------------------------- data

struct DatasetOptions {
  /// A folder, a file or a file:// URI with samples in a format recognised by its content.
  std::string data_dir = {};
  /// The workers that will share it, if that is known.
  int num_client_items = 0;
  std::string test_data_dir = {};
  std::string label = RunOptions{}.label;
  Task task = RunOptions{}.task;
};

/// Samples in memory. Copies share them.
class ClientDataset {
 public:
  explicit ClientDataset(std::shared_ptr<const LoadedData> data);

  /// Training samples, held-out ones included unless the data has a test set of its own.
  std::int64_t num_samples() const;
  std::int64_t num_features() const;
  /// 0 for regression.
  std::int64_t num_classes() const;
  const LoadedData& data() const noexcept { return *data_; }
  const std::shared_ptr<const LoadedData>& shared_data() const noexcept { return data_; }

 private:
  std::shared_ptr<const LoadedData> data_;
};

/// Reads the data, or finds it read already: two calls on the same unchanged files read them once.
/// Opens a default environment if none is open. Throws DataError, and InvalidArgument when there
/// are fewer samples than `num_client_items`.
ClientDataset create_dataset(const DatasetOptions& options);

/// Samples that are in memory already, for instance from data_from_arrays.
ClientDataset create_dataset(LoadedData data);

// ---------------------------------------------------------------------------- problem

struct FactorizationProblemOptions {
  std::string data_dir = {};
  /// Workers, each with its own disjoint share of the samples. 0: as many as MPI started, else 1.
  int num_client_items = RunOptions{}.workers;
  /// Hidden neurons of the network.
  std::int64_t data_size = 100;
  /// Kinds of parallelism: 1 data. 2 (and pipeline), 3 (and tensor) and 4 (and space) are to come.
  int num_factorization_levels = RunOptions{}.levels;

  // The rest has the meaning and the defaults of the command line's options.
  std::vector<std::int64_t> hidden = {};  // sizes of all hidden layers, instead of data_size
  double dropout = RunOptions{}.dropout;
  std::string test_data_dir = {};
  double test_fraction = RunOptions{}.test_fraction;
  std::string label = RunOptions{}.label;
  Task task = RunOptions{}.task;
  ShardKind shard = RunOptions{}.shard;
  std::int64_t epochs = RunOptions{}.epochs;
  std::int64_t batch = RunOptions{}.batch;
  std::int64_t micro_steps = RunOptions{}.micro_steps;
  OptimizerKind optimizer = RunOptions{}.optimizer;
  double lr = RunOptions{}.lr;
  double momentum = RunOptions{}.momentum;
  double weight_decay = RunOptions{}.weight_decay;
  double clip_norm = RunOptions{}.clip_norm;
  ScheduleKind schedule = RunOptions{}.schedule;
  ClassWeights class_weights = RunOptions{}.class_weights;
  double ema = RunOptions{}.ema;
  std::int64_t patience = RunOptions{}.patience;
  bool keep_best = RunOptions{}.keep_best;
  std::uint64_t seed = RunOptions{}.seed;
  /// Samples in memory, instead of data_dir.
  std::optional<ClientDataset> dataset = {};
  /// Where results go; empty: runs/<date-time>.
  std::string output = {};
  bool tensorboard = RunOptions{}.tensorboard;
  bool trace = RunOptions{}.trace;
  /// Is told how far a run has come, and may end it after an epoch; null: nobody.
  std::shared_ptr<Progress> progress = {};
  /// A loss, metrics and a model of your own; train_extras.h says when they are called, and by
  /// whom.
  LossFunction loss = {};
  std::vector<Metric> metrics = {};
  ModelFactory model = {};
};

/// One worker's task: its shard of the samples, and where it will be trained on.
struct TaskAssignment {
  int worker = 0;
  int node = 0;
  std::string host = {};
  std::int64_t num_samples = 0;            // of the training set
  std::int64_t num_test_samples = 0;       // of the held-out set
  std::vector<std::int64_t> samples = {};  // numbers in the training set
};

/// Work to be split over workers. Copies mean the same problem.
class FactorizationProblem {
 public:
  struct State;
  explicit FactorizationProblem(std::shared_ptr<State> state) : state_(std::move(state)) {}

  /// What it comes to as options of a run.
  const RunOptions& options() const noexcept;
  State& state() const noexcept { return *state_; }

 private:
  std::shared_ptr<State> state_;
};

/// Reads the data (or finds it read) and checks everything that can be checked without running.
/// Opens a default environment if none is open.
FactorizationProblem create_factorization_problem(const FactorizationProblemOptions& options);

/// The same from the options of a run, of which engine, ranks_per_node and timeout are those of the
/// environment. `dataset`: samples in memory, instead of options.data and options.test_data. Of
/// `extras` loss, metrics and model are used.
FactorizationProblem create_factorization_problem(const RunOptions& options,
                                                  const std::optional<ClientDataset>& dataset,
                                                  std::shared_ptr<Progress> progress,
                                                  TrainExtras extras = {});

// ------------------------------------------------------------------------------ steps

/// Decides which worker gets which shard, on which node. Under MPI all ranks must call it.
std::vector<TaskAssignment> assign_tasks(const FactorizationProblem& problem);

/// Gives each node its part: splits off the held-out samples, measures the normalisation. After
/// assign_tasks.
void prepare_data(const FactorizationProblem& problem);

/// Trains, and stores results in files. After prepare_data; again as often as wanted, with another
/// folder each time. Throws InvalidArgument while another run goes on in this process.
void run(const FactorizationProblem& problem);

/// What the last run of the problem came to, and the folder of its files. After run.
RunSummary get_results(const FactorizationProblem& problem);

struct DistributedGradientAccumulator {
  /// assign_tasks, prepare_data, run and get_results in one call.
  static RunSummary apply(const FactorizationProblem& problem);
};

// ---------------------------------------------------------------------------- results

/// A quantity that each worker has one of.
class WorkerValues {
 public:
  explicit WorkerValues(PerWorker values) : values_(std::move(values)) {}

  /// NaN when no worker has a value.
  double mean() const noexcept;
  /// One a worker; none where it has nothing to say.
  const std::vector<std::optional<double>>& values() const noexcept { return values_.values; }

 private:
  PerWorker values_;
};

/// Seconds each worker took from its first to its last step in the last run of this process, waits
/// included, evaluation not. Throws InvalidArgument before any run.
WorkerValues time();

/// The part of its held-out samples that the model gets wrong (regression: the mean squared error
/// over them). The mean is weighted by samples. Throws InvalidArgument before any run.
WorkerValues error();

// --------------------------------------------------------------------------- self test

struct SelfTestReport {
  bool passed = false;
  /// One an engine: what was tried and what came of it, or why it could not be.
  std::vector<std::string> lines = {};
};

/// Trains a tiny network on made-up data on every engine that works in this process, and compares
/// the weights bit for bit. Takes a second or two; leaves no files. Under MPI all ranks call it.
SelfTestReport self_test();

}  // namespace dga
