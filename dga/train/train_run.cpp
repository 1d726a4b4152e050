// SPDX-License-Identifier: Apache-2.0

#include "dga/train/train_run.h"

#include <exception>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "dga/base/available_memory.h"
#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/base/log.h"
#include "dga/comm/texts.h"
#include "dga/data/data_facts.h"
#include "dga/data/data_summary.h"
#include "dga/data/load.h"
#include "dga/launch/launch.h"
#include "dga/launch/load_options.h"
#include "dga/launch/past_launches.h"
#include "dga/launch/rank_agreement.h"
#include "dga/launch/supervised.h"
#include "dga/launch/worker_job.h"
#include "dga/launch/worker_map.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/checkpoints.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/store_path.h"
#include "dga/train/launch_mark.h"
#include "dga/train/memory_need.h"
#include "dga/train/result_writer.h"
#include "dga/train/resume_point.h"
#include "dga/train/run_facts.h"
#include "dga/train/shared_outcome.h"
#include "dga/train/shared_passes.h"
#include "dga/train/training.h"

namespace dga {
namespace {

using FolderPtr = std::unique_ptr<RunFolder>;

void warn_that_finished(const RunOptions& options, const RunResults& results) {
  log_warning("[train] resume: the run in ", options.output.folder, " has finished ",
              results.epochs.size(), " epochs. There is nothing to do.");
}

/// Makes the folder, and registers all files that worker 0 may write, so that they can be removed
/// after a failure.
FolderPtr make_folder(const OutputOptions& options, RunFolderMode mode) {
  auto folder = std::make_unique<RunFolder>(options.folder, mode);
  for (const std::string_view name : {kConfigFile, kMetricsFile, kResultsFile, kModelFile,
                                      kModelCardFile, kTraceFile, kManifestFile}) {
    static_cast<void>(folder->claim(name));
  }
  return folder;
}

/// One run, from the view of its caller. Under MPI each rank is both a caller and a worker.
class Run {
 public:
  Run(const TrainPlan& plan, Progress& progress, FolderPtr folder, double started,
      const TrainExtras& extras)
      : plan_(plan),
        engine_(plan.options.workers.engine),
        progress_(progress),
        extras_(extras),
        outcome_(engine_),
        folder_(std::move(folder)) {
    if (engine_ == Engine::mpi) {
      outcome_.begin(started, {});
    } else if (!is_relaunched_worker()) {
      const std::string problem =
          memory_problem(plan_, extras_, plan_.options.workers.carriers, available_memory());
      if (!problem.empty()) {
        throw Error(problem);
      }
      if (folder_ == nullptr) {
        folder_ = make_folder(plan_.options.output, folder_mode(plan_.options.output));
      }
      outcome_.begin(started, folder_->path());
    }
  }

  RunSummary run() {
    LaunchOptions options = launch_options_of(plan_.options, engine_);
    options.mpi_comm = extras_.mpi_comm;
    options.each_rank_alone = extras_.each_rank_alone;
    std::optional<WorkerJob> job;
    if (engine_ == Engine::processes && !extras_.worker_program.empty()) {
      DGA_CHECK(extras_.data != nullptr,
                "[train] worker_program: expected the data of the plan, found none. Set "
                "TrainExtras::data.");
      options.worker_program = extras_.worker_program;
      job.emplace(plan_.options, *extras_.data, progress_);
    }
    if (engine_ != Engine::mpi && !is_relaunched_worker()) {
      print_notices();
    }
    try {
      launch_carriers(options, [this](Environment& environment) { work(environment); });
    } catch (const WorkerFailure&) {
      keep_finished_epochs();
      throw;
    }
    if (job) {
      job->finish();
    }
    return conclude();
  }

 private:
  void print_notices() const {
    for (const std::string& notice : plan_.summary.notices) {
      log_warning(notice);
    }
  }

  void work(Environment& environment) {
    std::string path = outcome_.folder();
    // Whether the workers were started again, and go on with the run in the folder.
    bool restarted = engine_ != Engine::mpi && environment.restarts() > 0;
    if (engine_ == Engine::mpi && (end_if_finished(environment) || !fits(environment) ||
                                   !agree_on_folder(environment, path, restarted))) {
      return;
    }
    if (engine_ == Engine::mpi && environment.is_root()) {
      print_notices();
    }
    std::optional<ResumePoint> resume;
    if (restarted && environment.is_root()) {
      outcome_.end(RunStatus::unknown, {});  // worker 0 may have ended before another one failed
    }
    if ((restarted || !plan_.options.output.resume.empty()) &&
        !find_resume(environment, path, restarted, resume)) {
      return;
    }
    ResultWriter writer(path);
    TrainingEnd end = train_on_worker(environment, plan_, extras_, progress_, writer,
                                      outcome_.started(), resume ? &*resume : nullptr);
    if (engine_ == Engine::mpi) {
      broadcast_end(environment, path, end);
    }
    if (engine_ == Engine::mpi || environment.is_root()) {
      outcome_.end(end.status, end.text);
      results_ = std::move(end.results);  // lost when this process is a child; its files stay
    }
  }

  /// Whether every node has the memory that the run needs; the same on every rank.
  bool fits(Environment& environment) {
    const Placement placement = environment.world().placement();
    const int node = placement.node_of[static_cast<std::size_t>(environment.rank())];
    const std::string problem = first_text(
        environment.world(),
        memory_problem(plan_, extras_, static_cast<int>(placement.workers_of(node).size()),
                       available_memory()));
    if (!problem.empty()) {
      outcome_.end(RunStatus::refused, problem);
    }
    return problem.empty();
  }

  /// Whether rank 0 finds that --resume auto has nothing to do. Then every rank has the results.
  bool end_if_finished(Environment& environment) {
    std::optional<RunResults> results;
    std::string error;
    if (environment.is_root()) {
      try {
        results = finished_results(plan_.options);
      } catch (const StorageError& failure) {
        error = failure.what();
      }
    }
    TrainingEnd end;
    end.status = results          ? RunStatus::done
                 : !error.empty() ? RunStatus::failed
                                  : RunStatus::unknown;
    end.text = error;
    if (results) {
      warn_that_finished(plan_.options, *results);
      end.results = std::move(*results);
    }
    const std::string path = plan_.options.output.folder;
    broadcast_end(environment, path, end);
    if (end.status == RunStatus::unknown) {
      return false;
    }
    outcome_.begin(outcome_.started(), path);
    outcome_.end(end.status, end.text);
    results_ = std::move(end.results);
    return true;
  }

  /// Rank 0 makes the folder. Returns false, on every rank, when it cannot.
  bool agree_on_folder(Environment& environment, std::string& path, bool& restarted) {
    std::string error;
    if (environment.is_root()) {
      try {
        if (folder_ == nullptr) {
          const OutputOptions& output = plan_.options.output;
          restarted = environment.restarts() > 0 && has_launch_mark(output.folder);
          folder_ = make_folder(output, restarted ? RunFolderMode::resume : folder_mode(output));
          if (output.resume.empty()) {
            set_launch_mark(folder_->path());
          }
        }
        path = folder_->path();
      } catch (const StorageError& failure) {
        error = failure.what();
      }
    }
    broadcast_text(environment.world(), error, 0);
    broadcast_text(environment.world(), path, 0);
    std::int64_t goes_on = restarted ? 1 : 0;
    environment.world().broadcast({&goes_on, 1}, 0, "restarted run");
    restarted = goes_on != 0;
    if (!error.empty()) {
      outcome_.end(RunStatus::failed, error);
      return false;
    }
    outcome_.begin(outcome_.started(), path);
    return true;
  }

  /// Worker 0 finds the checkpoint from which the run goes on, if there is one, and tells the
  /// others. Returns false, on every worker, when it cannot.
  bool find_resume(Environment& environment, const std::string& folder, bool restarted,
                   std::optional<ResumePoint>& resume) {
    std::string error;
    if (environment.is_root()) {
      try {
        if (restarted) {
          StorePath(folder).remove_abandoned();
        }
        resume = find_resume_point(plan_, folder, restarted);
        begin_again(folder);
        if (resume && !restarted && plan_.options.output.resume != kResumeAuto) {
          remove_later_checkpoints(folder, resume->state.step());
        }
        if (!resume) {  // what an earlier run has left is no part of this one
          StorePath(path_in(folder, kMetricsFile)).remove();
        }
        set_launch_mark(folder);
      } catch (const Error& failure) {
        error = failure.what();
      }
    }
    std::string path = resume ? resume->path : std::string();
    std::string state = resume ? to_json(resume->state) : std::string();
    broadcast_text(environment.world(), error, 0);
    broadcast_text(environment.world(), path, 0);
    broadcast_text(environment.world(), state, 0);
    if (!error.empty()) {
      if (engine_ == Engine::mpi || environment.is_root()) {
        outcome_.end(RunStatus::refused, error);
      }
      return false;
    }
    if (!path.empty() && !environment.is_root()) {
      resume = ResumePoint{path, run_state_from_json(state, path)};
    }
    return true;
  }

  /// Gives every rank the end of the run as worker 0 knows it.
  static void broadcast_end(Environment& environment, const std::string& path, TrainingEnd& end) {
    auto status = static_cast<std::int64_t>(end.status);
    std::string results = environment.is_root() ? to_json(end.results) : std::string();
    environment.world().broadcast({&status, 1}, 0, "run status");
    broadcast_text(environment.world(), end.text, 0);
    broadcast_text(environment.world(), results, 0);
    end.status = static_cast<RunStatus>(status);
    if (!environment.is_root() && end.status == RunStatus::done) {
      end.results = run_results_from_json(results, path);
    }
  }

  RunSummary conclude() {
    const std::string path = outcome_.folder();
    switch (outcome_.status()) {
      case RunStatus::done:
        break;
      case RunStatus::stopped:
        keep_finished_epochs();
        throw Interrupted(outcome_.text());
      case RunStatus::preempted:
        keep_finished_epochs();
        throw Preempted(outcome_.text());
      case RunStatus::failed:
        keep_finished_epochs();
        throw StorageError(outcome_.text());
      case RunStatus::refused:
        keep_finished_epochs();
        throw Error(outcome_.text());
      case RunStatus::unknown:
        throw Error(
            "[train] run: expected the result of worker 0, found none. Please report this bug of "
            "dga.");
    }
    if (engine_ == Engine::processes) {
      const std::string file = path_in(path, kResultsFile);
      results_ = run_results_from_json(read_file(file), file);
    }
    if (folder_ != nullptr) {
      remove_launch_mark(path);
      folder_->keep();
    }
    return {.results = std::move(results_), .folder = path, .data = plan_.summary};
  }

  /// Keeps the folder of a run that failed or was stopped, if it has finished an epoch or saved a
  /// checkpoint.
  void keep_finished_epochs() {
    if (folder_ == nullptr) {
      return;
    }
    const auto metrics = StorePath(path_in(folder_->path(), kMetricsFile)).status();
    if ((metrics && metrics->size > 0) || !list_checkpoints(folder_->path()).empty()) {
      folder_->keep();
    }
  }

  const TrainPlan& plan_;
  Engine engine_;
  Progress& progress_;
  TrainExtras extras_;
  SharedOutcome outcome_;
  FolderPtr folder_;  // null except in the process that made it
  RunResults results_;
};

/// Loads the data of a run. With engine mpi, an error of one rank is one of all.
std::shared_ptr<const LoadedData> load_with_all_ranks(const RunOptions& options, Engine engine,
                                                      LaunchOptions& launching) {
  const LoadOptions loading = load_options_of(options, engine);
  const auto load = [](const LoadOptions& own) {
    return std::make_shared<const LoadedData>(load_data(own));
  };
  if (engine != Engine::mpi) {
    return load(loading);
  }
  std::shared_ptr<const LoadedData> data;
  if (loading.samples.stream) {
    data = load_in_turn(loading, launching, load);
  } else {
    agree(launching);
  }
  try {
    if (data == nullptr) {
      data = load(loading);
    }
    add_file_facts(loading, launching.facts);
    add_data_facts(*data, launching.facts);
  } catch (...) {
    fail_together(launching, std::current_exception());
  }
  return data;
}

/// Of a run that --resume auto finds finished. Ranks of MPI ask rank 0 for it, once they have met.
std::optional<RunSummary> summary_if_finished(const RunOptions& options) {
  if (is_relaunched_worker() || resolve_engine(options.workers.engine) == Engine::mpi) {
    return std::nullopt;
  }
  std::optional<RunResults> results = finished_results(options);
  if (!results) {
    return std::nullopt;
  }
  warn_that_finished(options, *results);
  return RunSummary{.results = std::move(*results), .folder = options.output.folder, .data = {}};
}

/// Runs it once: a worker for which the program is executed again reads what an earlier run has
/// left.
RunSummary remembered(const std::function<RunSummary()>& run) {
  constexpr const char* kFolder = "folder";
  constexpr const char* kData = "data";
  std::optional<RunSummary> summary;
  const std::string note = remember_launch([&] {
    summary = run();
    return nlohmann::json{{kFolder, summary->folder}, {kData, to_json(summary->data)}}.dump(
        -1, ' ', false, nlohmann::json::error_handler_t::replace);
  });
  if (summary) {
    return *std::move(summary);
  }
  const nlohmann::json json = nlohmann::json::parse(note);
  const auto folder = json.at(kFolder).get<std::string>();
  const std::string file = path_in(folder, kResultsFile);
  return {.results = run_results_from_json(read_file(file), file),
          .folder = folder,
          .data = data_summary_from_json(json.at(kData).get<std::string>(), "an earlier run")};
}

RunSummary run_now(const RunOptions& options, Progress& progress) {
  const double started = now_seconds();
  check_options(options);
  const Engine engine = resolve_engine(options.workers.engine);
  check_engine(engine);
  DGA_CHECK(engine != Engine::mpi || !supervised() || !options.output.folder.empty(),
            "[train] output: expected the folder in which dga launch finds the run again, found "
            "none. Add --output DIR.");
  DGA_CHECK(engine != Engine::mpi || !supervised() || options.workers.count > 0,
            "[train] workers: expected their number, since dga launch may go on with another "
            "number of ranks, found none. Add --workers N.");
  if (const auto finished = summary_if_finished(options)) {
    return *finished;
  }
  FolderPtr folder;
  if (engine != Engine::mpi && !is_relaunched_worker()) {
    folder = make_folder(options.output, folder_mode(options.output));
  }
  LaunchOptions launching = launch_options_of(options, engine);
  if (engine == Engine::mpi) {
    launching.facts = run_facts(options);
  }
  const std::shared_ptr<const LoadedData> data = load_with_all_ranks(options, engine, launching);
  const WorkerMap map = map_workers(launching);
  const TrainPlan plan = prepare_in_turn(plan_tasks(options, engine, map, *data), launching);
  return Run(plan, progress, std::move(folder), started, {}).run();
}

}  // namespace

RunSummary train_run(const RunOptions& options, Progress& progress) {
  return remembered([&] { return run_now(options, progress); });
}

RunSummary train_plan(const TrainPlan& plan, Progress& progress, const TrainExtras& extras) {
  return remembered([&] {
    check_extras(extras, plan.options);
    if (const auto finished = summary_if_finished(plan.options)) {
      return *finished;
    }
    return Run(plan, progress, nullptr, now_seconds(), extras).run();
  });
}

void train_as_worker() {
  run_worker_job([](const RunOptions& options, const LoadedData& data, Progress& progress) {
    train_plan(prepare(plan_tasks(options, Engine::processes, options.workers.count, data)),
               progress);
  });
}

}  // namespace dga
