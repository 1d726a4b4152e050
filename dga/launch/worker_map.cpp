// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/worker_map.h"

#include "dga/base/machine_info.h"
#include "dga/comm/texts.h"
#include "dga/launch/launch.h"

namespace dga {

WorkerMap map_workers(const LaunchOptions& options) {
  WorkerMap map;
  if (options.engine != Engine::mpi) {
    map.workers.assign(static_cast<std::size_t>(options.workers), {0, host_name()});
    map.carriers = resolve_blocks(options).carriers();
    return map;
  }
  launch_carriers(options, [&](Environment& environment) {
    map.own_rank = environment.rank();
    map.carriers = environment.blocks().carriers();
    const Placement placement = environment.world().placement();
    for (int rank = 0; rank < map.carriers; ++rank) {
      std::string host = rank == environment.rank() ? host_name() : std::string();
      broadcast_text(environment.world(), host, rank);
      map.workers.insert(map.workers.end(),
                         static_cast<std::size_t>(environment.blocks().of(rank).count),
                         {placement.node_of[static_cast<std::size_t>(rank)], host});
    }
  });
  return map;
}

}  // namespace dga
