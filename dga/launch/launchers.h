// SPDX-License-Identifier: Apache-2.0
//
// The launchers of the engines, which `launch` calls. Internal to the room.

#pragma once

#include "dga/launch/launch.h"
#include "dga/launch/restarts.h"
#include "dga/launch/seats.h"

namespace dga {

/// Both set the steps of `attempt` before they throw WorkerFailure.
void launch_threads(const LaunchOptions& options, const Seats& seats, const Worker& worker,
                    Attempt& attempt);
void launch_processes(const LaunchOptions& options, const Seats& seats, const Worker& worker,
                      Attempt& attempt);
void launch_mpi(const LaunchOptions& options, Seating seating, const Worker& worker);

/// Throws InvalidArgument for a number of workers that is not in [1, 4096].
void check_workers(int workers);
/// Throws InvalidArgument for a timeout that is not positive.
void check_timeout(const LaunchOptions& options);

}  // namespace dga
