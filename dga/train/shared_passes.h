// SPDX-License-Identifier: Apache-2.0
//
// SharedPasses: under MPI, rank 0 makes the passes over all files of streamed data, and keeps what
// it finds in the index of the run. The other ranks find it there, and read only their own parts.
// `dga train` and the problem API load and prepare by these functions.

#pragma once

#include <functional>
#include <memory>

#include "dga/data/load.h"
#include "dga/launch/launch_options.h"
#include "dga/train/plan.h"

namespace dga {

/// load_data, or a cache in front of it.
using LoadFunction = std::function<std::shared_ptr<const LoadedData>(const LoadOptions& options)>;

/// load(options). Engine mpi and a stream: collective; on rank 0 first, on all its cores, unless
/// nothing is kept; an error of one rank is that of all.
std::shared_ptr<const LoadedData> load_in_turn(const LoadOptions& options,
                                               const LaunchOptions& launching,
                                               const LoadFunction& load);

/// prepare(tasks). Engine mpi and a stream with an index: collective; on rank 0 first, whose error
/// is that of all.
TrainPlan prepare_in_turn(const TaskPlan& tasks, const LaunchOptions& launching);

}  // namespace dga
