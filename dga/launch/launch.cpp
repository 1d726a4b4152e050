// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/launch.h"

#include <cstdlib>
#include <string>

#include "dga/base/error.h"
#include "dga/base/log.h"
#include "dga/launch/launched_rank.h"
#include "dga/launch/launchers.h"
#include "dga/launch/past_launches.h"
#include "dga/launch/restarts.h"

namespace dga {
namespace {

// Systems usually do not allow more threads or processes.
constexpr int kMostWorkers = 4096;

}  // namespace

void check_workers(int workers) {
  DGA_CHECK(workers >= 1 && workers <= kMostWorkers, "[launch] workers: expected 1 to ",
            kMostWorkers, ", found ", workers, ". Pass a number in this range.");
}

void check_timeout(const LaunchOptions& options) {
  DGA_CHECK(options.timeout_s > 0, "[launch] timeout: expected more than 0 seconds, found ",
            options.timeout_s, ". Pass a positive number.");
}

Engine resolve_engine(Engine engine) {
  if (engine != Engine::automatic) {
    return engine;
  }
  return launched_rank() ? Engine::mpi : Engine::threads;
}

void check_engine(Engine engine) {
  const Engine resolved = resolve_engine(engine);
  DGA_CHECK(resolved == Engine::mpi || !has_other_ranks() || is_relaunched_worker(),
            "[launch] engine: expected mpi or auto on one of several MPI ranks, found ",
            name_of(resolved),
            ", with which each rank would do the whole work. Leave it out, or start the program "
            "without the MPI launcher.");
}

bool is_relaunched_worker() noexcept {
  return std::getenv("DGA_WORKER") != nullptr;
}

namespace {

void launch_seated(const LaunchOptions& options, Seating seating, const Worker& worker) {
  if (!options.each_rank_alone) {
    check_engine(options.engine);
  }
  if (resolve_engine(options.engine) == Engine::mpi) {
    DGA_CHECK(options.max_restarts == 0,
              "[launch] max_restarts: expected 0 with MPI, which ends all ranks when one dies, "
              "found ",
              options.max_restarts, ". Use dga launch --max-restarts N -- PROGRAM.");
    return launch_mpi(options, seating, worker);
  }
  DGA_CHECK(options.max_restarts >= 0, "[launch] max_restarts: expected 0 or more, found ",
            options.max_restarts, ".");
  check_workers(options.workers);
  check_timeout(options);
  const bool one_each = seating == Seating::workers && options.carriers == 0;
  const Seats seats(
      seating, one_each ? WorkerBlocks(options.workers, options.workers) : resolve_blocks(options));
  Restarts restarts(options.max_restarts);
  for (Attempt attempt;; ++attempt.number) {
    try {
      if (resolve_engine(options.engine) == Engine::processes) {
        return launch_processes(options, seats, worker, attempt);
      }
      return launch_threads(options, seats, worker, attempt);
    } catch (const WorkerFailure& failure) {
      if (!restarts.allow(attempt, failure.what())) {
        throw WorkerFailure(restarts.error() + restarts.reason());
      }
      log_warning(as_sentence(failure.what()), " The workers are started again (restart ",
                  attempt.number + 1, " of ", options.max_restarts, ").");
    }
  }
}

}  // namespace

void launch(const LaunchOptions& options, const Worker& worker) {
  remember_launch([&] {
    launch_seated(options, Seating::workers, worker);
    return std::string();
  });
}

void launch_carriers(const LaunchOptions& options, const Worker& work) {
  remember_launch([&] {
    launch_seated(options, Seating::carriers, work);
    return std::string();
  });
}

}  // namespace dga
