// SPDX-License-Identifier: Apache-2.0
//
// WorkerMap: how many workers a launch will have, and where, found out before it.

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
  int own_rank = 0;            // MPI: of this process; else 0
  std::vector<Place> workers;  // by rank
};

/// Where the workers of `launch(options, …)` will run. Under MPI all ranks must call it: it asks
/// them. Elsewhere it is this machine. `options.engine` must not be automatic.
///
/// `data_error`: why this process could not read its data, if it could not. Then every rank throws
/// DataError with the text of the first that has one: some may find on their host what others do
/// not.
WorkerMap map_workers(const LaunchOptions& options, const std::string& data_error = {});

}  // namespace dga
