// SPDX-License-Identifier: Apache-2.0
//
// WorkerSeat: what a worker needs to join the world: its rank and options, the shared memory of its
// node, and the connection to other nodes. The launcher creates one per worker. Internal to the
// room.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dga/comm/arena/segment.h"
#include "dga/comm/arena/world.h"
#include "dga/comm/wire.h"
#include "dga/launch/launch.h"

namespace dga {

/// `node` and `control` are segments that the workers of this node share, of node_segment_bytes and
/// Group::control_bytes. `wire` is null if there is one node.
struct WorkerSeat {
  WorldOptions world;
  Segment node;
  Segment control;
  std::unique_ptr<Wire> wire;
  int restarts = 0;  // see Environment::restarts
};

/// Wraps the call of the worker: receives the call and a function that reports a failure to all
/// workers of the world.
using AroundWorker = std::function<void(const std::function<void()>& work,
                                        const std::function<void(const std::string&)>& fail)>;

/// Joins the world, runs `worker` and returns true. If joining fails or `worker` throws, posts the
/// failure on the board and returns false.
bool run_worker(const LaunchOptions& options, Engine engine, WorkerSeat seat, const Worker& worker,
                const AroundWorker& around = {}) noexcept;

/// The same for the workers of a carrier, in threads of this process, one at a time: their seats
/// have one baton. `node` is their segment. Returns whether all have done their work.
bool run_in_turns(const LaunchOptions& options, Engine engine, std::vector<WorkerSeat> seats,
                  const Segment& node, const Worker& worker);

}  // namespace dga
