// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/launch.h"

#include <atomic>
#include <cstdlib>

#include "dga/base/error.h"
#include "dga/launch/launched_rank.h"
#include "dga/launch/relaunch.h"
#include "dga/launch/worker_run.h"

namespace dga {
Engine resolve_engine(Engine engine) {
  if (engine != Engine::automatic) {
    return engine;
  }
  return launched_rank() ? Engine::mpi : Engine::threads;
}

bool is_relaunched_worker() noexcept {
  return std::getenv("DGA_WORKER") != nullptr;
}

void launch(const LaunchOptions& options, const Worker& worker) {
  static std::atomic<int> launches{0};
  const int index = launches.fetch_add(1);
  if (const auto seat = relaunch_seat(); seat && seat->launch_index != index) {
    return;  // this process exists for a later launch, and the parent has done this one
  }
  switch (resolve_engine(options.engine)) {
    case Engine::processes:
      return launch_processes(options, worker, index);
    case Engine::mpi:
      return launch_mpi(options, worker);
    case Engine::threads:
    case Engine::automatic:
      return launch_threads(options, worker);
  }
}

}  // namespace dga
