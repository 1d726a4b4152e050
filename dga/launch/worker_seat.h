// SPDX-License-Identifier: Apache-2.0
//
// WorkerSeat: how a worker joins its world. Internal to the room.

#pragma once

#include <memory>

#include "dga/comm/arena/segment.h"
#include "dga/comm/arena/world.h"
#include "dga/comm/wire.h"
#include "dga/launch/launch.h"

namespace dga {

/// `node` and `control`: segments of this node, of node_segment_bytes and Group::control_bytes.
/// `wire`: null where there is one node.
struct WorkerSeat {
  WorldOptions world;
  Segment node;
  Segment control;
  std::unique_ptr<Wire> wire;
};

/// Joins the world and runs `worker`. Returns true when `worker` returned. When it threw, the
/// failure is on the board.
bool run_worker(const LaunchOptions& options, Engine engine, WorkerSeat seat,
                const Worker& worker) noexcept;

}  // namespace dga
