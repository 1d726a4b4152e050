// SPDX-License-Identifier: Apache-2.0
//
// What every launcher does the same: join the world, run the worker, and make its failure known.
// Internal to the room.

#pragma once

#include <memory>

#include "dga/comm/segment.h"
#include "dga/comm/wire.h"
#include "dga/comm/world.h"
#include "dga/launch/launch.h"

namespace dga {

/// A worker's way into its world. `node` and `control`: segments of this node, of
/// World::node_bytes and Group::control_bytes; `wire`: null where there is one node.
struct WorkerSeat {
  WorldOptions world;
  Segment node;
  Segment control;
  std::unique_ptr<Wire> wire;
};

/// Runs `worker`; answers true when it returned. When it threw, the failure is on the board.
bool run_worker(const LaunchOptions& options, Engine engine, WorkerSeat seat,
                const Worker& worker) noexcept;

/// Throws InvalidArgument unless `options.workers` workers can be started here.
void check_workers(const LaunchOptions& options);
void check_timeout(const LaunchOptions& options);

void launch_threads(const LaunchOptions& options, const Worker& worker);
/// `index`: how many launches this program has made before.
void launch_processes(const LaunchOptions& options, const Worker& worker, int index);
void launch_mpi(const LaunchOptions& options, const Worker& worker);

}  // namespace dga
