// SPDX-License-Identifier: Apache-2.0

#include "dga/problem/problem.h"

#include <atomic>
#include <limits>
#include <mutex>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/topology.h"
#include "dga/data/shards.h"
#include "dga/launch/launch.h"
#include "dga/launch/worker_map.h"
#include "dga/problem/data_cache.h"
#include "dga/train/plan.h"

namespace dga {

struct FactorizationProblem::State {
  RunOptions options;
  TrainExtras extras;
  std::shared_ptr<Progress> progress;
  std::shared_ptr<const LoadedData> data;
  std::optional<TaskPlan> tasks;      // after assign_tasks
  std::optional<TrainPlan> plan;      // after prepare_data
  std::optional<RunSummary> summary;  // after run
};

namespace {

// What config.json says of data that came from no file.
constexpr const char* kDataInMemory = "(in memory)";

/// What this process has open. Ends with the program if nobody closes it.
struct Session {
  std::mutex mutex;
  std::optional<EnvironmentOptions> environment;
  std::optional<RunResults> last_results;
  DataCache data;
  std::atomic<bool> running{false};
};

Session& session() {
  static Session open;
  return open;
}

/// The open environment; a default one is opened if there is none.
EnvironmentOptions open_environment() {
  Session& open = session();
  const std::lock_guard lock(open.mutex);
  if (!open.environment) {
    open.environment.emplace();
  }
  return *open.environment;
}

void require_open(const char* step) {
  Session& open = session();
  const std::lock_guard lock(open.mutex);
  DGA_CHECK(open.environment.has_value(), "[problem] ", step,
            ": expected an open environment, found it closed. Create the environment and the "
            "problem again.");
}

RunOptions run_options_of(const FactorizationProblemOptions& problem) {
  RunOptions options;
  options.data = problem.data_dir;
  options.test_data = problem.test_data_dir;
  options.test_fraction = problem.test_fraction;
  options.label = problem.label;
  options.task = problem.task;
  options.shard = problem.shard;
  options.workers = problem.num_client_items;
  options.levels = problem.num_factorization_levels;
  options.hidden =
      problem.hidden.empty() ? std::vector<std::int64_t>{problem.data_size} : problem.hidden;
  options.dropout = problem.dropout;
  options.epochs = problem.epochs;
  options.batch = problem.batch;
  options.micro_steps = problem.micro_steps;
  options.optimizer = problem.optimizer;
  options.lr = problem.lr;
  options.momentum = problem.momentum;
  options.weight_decay = problem.weight_decay;
  options.clip_norm = problem.clip_norm;
  options.schedule = problem.schedule;
  options.class_weights = problem.class_weights;
  options.ema = problem.ema;
  options.patience = problem.patience;
  options.keep_best = problem.keep_best;
  options.seed = problem.seed;
  options.output = problem.output;
  options.tensorboard = problem.tensorboard;
  options.trace = problem.trace;
  return options;
}

LaunchOptions launch_options_for(const FactorizationProblem::State& state, Engine engine) {
  LaunchOptions options = dga::launch_options_of(state.options, engine);
  options.mpi_comm = state.extras.mpi_comm;
  options.worker_program = state.extras.worker_program;
  return options;
}

/// One run at a time: they would share the machine, and the last results are a process's.
class Running {
 public:
  Running() {
    DGA_CHECK(!session().running.exchange(true),
              "[problem] run: expected one run at a time, found another going on in this process. "
              "Wait for it to end.");
  }
  ~Running() { session().running.store(false); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
};

RunResults last_results(const char* what) {
  Session& open = session();
  const std::lock_guard lock(open.mutex);
  DGA_CHECK(open.last_results.has_value(), "[problem] ", what,
            ": expected a run that has ended, found none. Call "
            "DistributedGradientAccumulator::apply(problem) first.");
  return *open.last_results;
}

}  // namespace

EnvironmentInfo create_environment(const EnvironmentOptions& options) {
  Session& open = session();
  const std::lock_guard lock(open.mutex);
  DGA_CHECK(!open.environment.has_value(),
            "[problem] create_environment: expected none to be open, found one. Call close() "
            "first.");
  open.environment = options;
  return {.engine = resolve_engine(options.engine), .machine = describe_machine()};
}

void close() noexcept {
  Session& open = session();
  const std::lock_guard lock(open.mutex);
  open.environment.reset();
  open.last_results.reset();
  open.data.clear();
}

ClientDataset::ClientDataset(std::shared_ptr<const LoadedData> data) : data_(std::move(data)) {}

std::int64_t ClientDataset::num_samples() const {
  return data_->train->size();
}

std::int64_t ClientDataset::num_features() const {
  return data_->train->num_features();
}

std::int64_t ClientDataset::num_classes() const {
  return data_->train->num_classes();
}

ClientDataset create_dataset(const DatasetOptions& options) {
  const EnvironmentOptions environment = open_environment();
  RunOptions run;
  run.data = options.data_dir;
  run.workers = options.num_client_items;
  run.test_data = options.test_data_dir;
  run.label = options.label;
  run.task = options.task;
  check_options(run);
  ClientDataset dataset(
      session().data.load(load_options_of(run, resolve_engine(environment.engine))));
  DGA_CHECK(dataset.num_samples() >= options.num_client_items,
            "[problem] num_client_items: expected at least one sample a worker, found ",
            dataset.num_samples(), " samples for ", options.num_client_items,
            " workers. Use fewer workers or more data.");
  return dataset;
}

ClientDataset create_dataset(LoadedData data) {
  DGA_CHECK(data.train != nullptr && data.train->size() > 0,
            "[problem] create_dataset: expected samples, found none. Pass at least one.");
  open_environment();
  return ClientDataset(std::make_shared<const LoadedData>(std::move(data)));
}

const RunOptions& FactorizationProblem::options() const noexcept {
  return state_->options;
}

FactorizationProblem create_factorization_problem(const FactorizationProblemOptions& options) {
  return create_factorization_problem(
      run_options_of(options), options.dataset, options.progress,
      {.loss = options.loss, .metrics = options.metrics, .model = options.model});
}

FactorizationProblem create_factorization_problem(const RunOptions& options,
                                                  const std::optional<ClientDataset>& dataset,
                                                  std::shared_ptr<Progress> progress,
                                                  TrainExtras extras) {
  const EnvironmentOptions environment = open_environment();
  auto state = std::make_shared<FactorizationProblem::State>();
  state->options = options;
  state->options.engine = environment.engine;
  state->options.ranks_per_node = environment.ranks_per_node;
  state->options.timeout = environment.timeout;
  state->extras = std::move(extras);
  state->extras.mpi_comm = environment.mpi_comm;
  state->extras.worker_program = environment.worker_program;
  state->progress = progress == nullptr ? std::make_shared<Progress>() : std::move(progress);
  if (dataset) {
    DGA_CHECK(options.data.empty() && options.test_data.empty(),
              "[problem] dataset: expected either it or data_dir, found both. Leave one out.");
    state->options.data = kDataInMemory;
  }
  check_options(state->options);
  check_extras(state->extras, state->options);
  state->data = dataset ? dataset->shared_data()
                        : session().data.load(
                              load_options_of(state->options, resolve_engine(environment.engine)));
  state->extras.data = state->data;
  return FactorizationProblem(std::move(state));
}

std::vector<TaskAssignment> assign_tasks(const FactorizationProblem& problem) {
  require_open("assign_tasks");
  FactorizationProblem::State& state = problem.state();
  const Engine engine = resolve_engine(state.options.engine);
  const WorkerMap map = map_workers(launch_options_for(state, engine));
  const auto workers = static_cast<int>(map.workers.size());
  state.plan.reset();
  state.tasks = plan_tasks(state.options, engine, workers, *state.data);
  std::vector<TaskAssignment> tasks;
  for (int worker = 0; worker < workers; ++worker) {
    const auto at = static_cast<std::size_t>(worker);
    const auto [first, last] = contiguous_share(state.tasks->test_samples(), workers, worker);
    tasks.push_back({.worker = worker,
                     .node = map.workers[at].node,
                     .host = map.workers[at].host,
                     .num_samples = static_cast<std::int64_t>(state.tasks->shards[at].size()),
                     .num_test_samples = last - first,
                     .samples = state.tasks->shards[at]});
  }
  return tasks;
}

void prepare_data(const FactorizationProblem& problem) {
  require_open("prepare_data");
  FactorizationProblem::State& state = problem.state();
  DGA_CHECK(state.tasks.has_value(),
            "[problem] prepare_data: expected assigned tasks, found none. Call "
            "assign_tasks(problem) first.");
  state.plan = prepare(*state.tasks);
}

void run(const FactorizationProblem& problem) {
  require_open("run");
  FactorizationProblem::State& state = problem.state();
  DGA_CHECK(state.plan.has_value(), "[problem] run: expected prepared data, found ",
            state.tasks.has_value() ? "assigned tasks only. Call prepare_data(problem) first."
                                    : "neither that nor assigned tasks. Call "
                                      "assign_tasks(problem) and prepare_data(problem) first.");
  const Running running;
  state.summary.reset();
  state.summary = train_plan(*state.plan, *state.progress, state.extras);
  Session& open = session();
  const std::lock_guard lock(open.mutex);
  open.last_results = state.summary->results;
}

RunSummary get_results(const FactorizationProblem& problem) {
  require_open("get_results");
  const FactorizationProblem::State& state = problem.state();
  DGA_CHECK(state.summary.has_value(),
            "[problem] get_results: expected a run that has ended, found none. Call run(problem) "
            "first.");
  return *state.summary;
}

RunSummary DistributedGradientAccumulator::apply(const FactorizationProblem& problem) {
  assign_tasks(problem);
  prepare_data(problem);
  run(problem);
  return get_results(problem);
}

double WorkerValues::mean() const noexcept {
  return values_.mean.value_or(std::numeric_limits<double>::quiet_NaN());
}

WorkerValues time() {
  return WorkerValues(last_results("time").time);
}

WorkerValues error() {
  return WorkerValues(last_results("error").error);
}

}  // namespace dga
