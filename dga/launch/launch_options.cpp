// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/launch_options.h"

#include <algorithm>

#include "dga/base/topology.h"

namespace dga {

int resolve_workers(const RunOptions& options, Engine engine) noexcept {
  return options.workers.count == 0 && engine != Engine::mpi ? 1 : options.workers.count;
}

WorkerBlocks resolve_blocks(const LaunchOptions& options) {
  return {options.workers,
          options.carriers > 0 ? options.carriers : std::min(options.workers, usable_cores())};
}

LaunchOptions launch_options_of(const RunOptions& options, Engine engine) noexcept {
  LaunchOptions result;
  result.engine = engine;
  result.workers = resolve_workers(options, engine);
  result.carriers = options.workers.carriers;
  result.timeout_s = options.workers.timeout;
  result.max_restarts = static_cast<int>(options.workers.max_restarts);
  result.seed = options.training.seed;
  result.ranks_per_node = options.workers.ranks_per_node;
  return result;
}

}  // namespace dga
