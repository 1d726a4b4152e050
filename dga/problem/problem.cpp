// SPDX-License-Identifier: Apache-2.0

#include "dga/problem/problem.h"

#include <atomic>
#include <limits>
#include <mutex>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/topology.h"
#include "dga/data/data_facts.h"
#include "dga/data/shards.h"
#include "dga/launch/launch.h"
#include "dga/launch/load_options.h"
#include "dga/launch/worker_map.h"
#include "dga/options/option_table.h"
#include "dga/problem/data_cache.h"
#include "dga/train/plan.h"
#include "dga/train/run_facts.h"
#include "dga/train/shared_passes.h"

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

/// What this process has open, until close() or the end of the program.
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

/// The open environment; one with these options is opened if there is none.
EnvironmentOptions open_environment(const WorkerOptions& workers = {}) {
  Session& open = session();
  const std::lock_guard lock(open.mutex);
  if (!open.environment) {
    check_engine(workers.engine);
    open.environment.emplace().workers = workers;
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

/// Puts `value` into `option`, for which it is another name. `unset`: what neither says.
template <typename T>
void put_short_name(const char* name, const char* full_name, const T& value, T& option,
                    const T& unset) {
  DGA_CHECK(option == unset || option == value, "[problem] ", name,
            ": expected it alone, or equal to ", full_name,
            ", found both, and they differ. Set one of them.");
  option = value;
}

/// The options of a run, with the four short names put in their places.
RunOptions run_options_of(const FactorizationProblemOptions& problem) {
  const RunOptions unset;
  RunOptions run = problem.run;
  if (!problem.data_dir.empty()) {
    put_short_name("data_dir", "run.data.path", problem.data_dir, run.data.path, unset.data.path);
  }
  if (problem.num_client_items != 0) {
    put_short_name("num_client_items", "run.workers.count", problem.num_client_items,
                   run.workers.count, unset.workers.count);
  }
  if (problem.data_size != 0) {
    put_short_name("data_size", "run.model.hidden", {problem.data_size}, run.model.hidden,
                   unset.model.hidden);
  }
  if (problem.num_factorization_levels != 0) {
    put_short_name("num_factorization_levels", "run.workers.levels",
                   problem.num_factorization_levels, run.workers.levels, unset.workers.levels);
  }
  return run;
}

/// Throws InvalidArgument if `options` sets any that `takes` does not take.
template <typename Takes>
void check_scope(const char* call, const RunOptions& options, const Takes& takes) {
  const RunOptions defaults;
  for (const Option& row : option_table()) {
    DGA_CHECK(takes(row) || row.get(options) == row.get(defaults), "[problem] ", call,
              ": expected no value for ", row.name, ", which belongs to a problem, found ",
              row.text_of(row.get(options)), ". Give it to create_factorization_problem.");
  }
}

/// The options of `run` that are the environment's; the others have their defaults.
WorkerOptions environment_part(const RunOptions& run) {
  RunOptions part;
  for (const Option& row : option_table()) {
    if (row.scope == Option::Scope::environment) {
      row.put(part, row.get(run));
    }
  }
  return part.workers;
}

/// Puts the options of the environment into `run`, which must agree with them where it sets any.
void put_environment(const WorkerOptions& environment, RunOptions& run) {
  RunOptions open;
  open.workers = environment;
  if (run.workers.engine == resolve_engine(environment.engine)) {
    open.workers.engine = run.workers.engine;
  }
  const RunOptions defaults;
  for (const Option& row : option_table()) {
    if (row.scope != Option::Scope::environment) {
      continue;
    }
    const OptionValue value = row.get(run);
    DGA_CHECK(value == row.get(defaults) || value == row.get(open), "[problem] ", row.name,
              ": expected that of the open environment, ", row.text_of(row.get(open)), ", found ",
              row.text_of(value), ". Give it to create_environment.");
    row.put(run, row.get(open));
  }
}

LaunchOptions launch_options_for(const FactorizationProblem::State& state, Engine engine) {
  LaunchOptions options = dga::launch_options_of(state.options, engine);
  options.mpi_comm = state.extras.mpi_comm;
  options.worker_program = state.extras.worker_program;
  return options;
}

/// What all ranks must have in common before they share the work on `state`.
std::vector<Fact> problem_facts(const FactorizationProblem::State& state) {
  std::vector<Fact> facts = run_facts(state.options);
  if (state.options.data.path != kDataInMemory) {
    add_file_facts(load_options_of(state.options, Engine::mpi), facts);
  }
  add_data_facts(*state.data, facts);
  return facts;
}

/// Reads files, which are read once while they do not change.
std::shared_ptr<const LoadedData> load_files(const LoadOptions& loading,
                                             const LaunchOptions& launching) {
  return load_in_turn(loading, launching,
                      [](const LoadOptions& own) { return session().data.load(own); });
}

/// Allows one run at a time: runs would share the machine and the last results.
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
  RunOptions run;
  run.workers = options.workers;
  check_scope("create_environment", run,
              [](const Option& row) { return row.scope == Option::Scope::environment; });
  check_bounds(run);
  const Engine engine = resolve_engine(options.workers.engine);
  check_engine(engine);
  open.environment = options;
  return {.engine = engine, .machine = describe_machine()};
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
  RunOptions run;
  run.data = options.data;
  check_scope("create_dataset", run,
              [](const Option& row) { return row.scope == Option::Scope::dataset; });
  if (!options.data_dir.empty()) {
    put_short_name("data_dir", "data.path", options.data_dir, run.data.path, {});
  }
  run.workers.count = options.num_client_items;
  if (run.data.samples.stream) {
    run.data.shard = ShardKind::contiguous;  // the run that uses it will be asked
  }
  check_options(run);
  const Engine engine = resolve_engine(open_environment().workers.engine);
  LoadOptions loading = load_options_of(run, engine);
  loading.index = run.data.samples.index;  // the folder of the results is not known yet
  const EnvironmentOptions environment = open_environment();
  run.workers = environment.workers;
  LaunchOptions launching = dga::launch_options_of(run, engine);
  launching.mpi_comm = environment.mpi_comm;
  launching.facts = run_facts(run);
  ClientDataset dataset(load_files(loading, launching));
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
  auto state = std::make_shared<FactorizationProblem::State>();
  RunOptions& run = state->options;
  run = run_options_of(options);
  if (options.dataset) {
    DGA_CHECK(run.data.path.empty() && run.data.test_path.empty() && run.data.val_path.empty(),
              "[problem] dataset: expected either it or data_dir, found both. Leave one out.");
    run.data.path = kDataInMemory;
  }
  check_options(run);
  const EnvironmentOptions environment = open_environment(environment_part(run));
  put_environment(environment.workers, run);
  state->extras = {.mpi_comm = environment.mpi_comm,
                   .worker_program = environment.worker_program,
                   .loss = options.loss,
                   .metrics = options.metrics,
                   .model = options.model};
  state->progress = options.progress == nullptr ? std::make_shared<Progress>() : options.progress;
  check_extras(state->extras, run);
  const Engine engine = resolve_engine(environment.workers.engine);
  if (options.dataset) {
    state->data = options.dataset->shared_data();
  } else {
    LaunchOptions launching = launch_options_for(*state, engine);
    launching.facts = run_facts(run);
    state->data = load_files(load_options_of(run, engine), launching);
  }
  state->extras.data = state->data;
  return FactorizationProblem(std::move(state));
}

std::vector<TaskAssignment> assign_tasks(const FactorizationProblem& problem) {
  require_open("assign_tasks");
  FactorizationProblem::State& state = problem.state();
  const Engine engine = resolve_engine(state.options.workers.engine);
  LaunchOptions launching = launch_options_for(state, engine);
  if (engine == Engine::mpi) {
    launching.facts = problem_facts(state);
  }
  const WorkerMap map = map_workers(launching);
  const auto workers = static_cast<int>(map.workers.size());
  state.plan.reset();
  state.tasks = plan_tasks(state.options, engine, map, *state.data);
  std::vector<TaskAssignment> tasks;
  for (int worker = 0; worker < workers; ++worker) {
    const auto at = static_cast<std::size_t>(worker);
    const auto [first, last] = contiguous_share(state.tasks->test_samples(), workers, worker);
    const auto [first_val, last_val] =
        contiguous_share(state.tasks->validation_samples(), workers, worker);
    tasks.push_back({.worker = worker,
                     .node = map.workers[at].node,
                     .host = map.workers[at].host,
                     .num_samples = static_cast<std::int64_t>(state.tasks->shards[at].size()),
                     .num_test_samples = last - first,
                     .num_validation_samples = last_val - first_val,
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
  state.plan = prepare_in_turn(
      *state.tasks, launch_options_for(state, resolve_engine(state.options.workers.engine)));
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
