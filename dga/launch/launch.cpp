// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/launch.h"

#include <atomic>
#include <cstdlib>

#include "dga/base/error.h"
#include "dga/launch/launched_rank.h"
#include "dga/launch/launchers.h"
#include "dga/launch/relaunch.h"

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
  static std::atomic<int> launches{0};
  const int index = launches.fetch_add(1);
  if (const auto seat = relaunch_seat(); seat && seat->launch_index != index) {
    return;  // this process is a worker of a later launch; the parent has run this one
  }
  if (!options.each_rank_alone) {
    check_engine(options.engine);
  }
  if (resolve_engine(options.engine) == Engine::mpi) {
    return launch_mpi(options, seating, worker);
  }
  check_workers(options.workers);
  check_timeout(options);
  const bool one_each = seating == Seating::workers && options.carriers == 0;
  const Seats seats(
      seating, one_each ? WorkerBlocks(options.workers, options.workers) : resolve_blocks(options));
  if (resolve_engine(options.engine) == Engine::processes) {
    return launch_processes(options, seats, worker, index);
  }
  launch_threads(options, seats, worker);
}

}  // namespace

void launch(const LaunchOptions& options, const Worker& worker) {
  launch_seated(options, Seating::workers, worker);
}

void launch_carriers(const LaunchOptions& options, const Worker& work) {
  launch_seated(options, Seating::carriers, work);
}

}  // namespace dga
