// SPDX-License-Identifier: Apache-2.0
//
// The launchers behind `launch`, one for each engine. Internal to the room.

#pragma once

#include "dga/launch/launch.h"

namespace dga {

void launch_threads(const LaunchOptions& options, const Worker& worker);
/// `index`: the number of launches that this program has made before.
void launch_processes(const LaunchOptions& options, const Worker& worker, int index);
void launch_mpi(const LaunchOptions& options, const Worker& worker);

/// Throws InvalidArgument unless `options.workers` workers can be started here.
void check_workers(const LaunchOptions& options);
void check_timeout(const LaunchOptions& options);

}  // namespace dga
