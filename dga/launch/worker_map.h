// SPDX-License-Identifier: Apache-2.0
//
// WorkerMap: the number of workers that a launch will have, and their hosts.

#pragma once

#include <string>
#include <vector>

#include "dga/launch/launch_options.h"

namespace dga {

struct WorkerMap {
  struct Place {
    int node = 0;
    std::string host = {};
  };
  int own_rank = 0;            // MPI: the rank of this process; otherwise 0
  std::vector<Place> workers;  // by number
  int carriers = 0;

  WorkerBlocks blocks() const { return {static_cast<int>(workers.size()), carriers}; }
};

/// The places of the workers of `launch_carriers(options, …)`. Under MPI it is collective over all
/// ranks and throws as launch does. With other engines all workers run on this machine.
/// `options.engine` must not be automatic.
WorkerMap map_workers(const LaunchOptions& options);

}  // namespace dga
