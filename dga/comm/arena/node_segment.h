// SPDX-License-Identifier: Apache-2.0
//
// The segment that the workers of one node share from their start. It holds the failure board and
// one Presence and one Inbox for each worker.

#pragma once

#include <atomic>
#include <cstdint>

#include "dga/comm/arena/failure_board.h"
#include "dga/comm/arena/inbox.h"
#include "dga/comm/arena/presence.h"
#include "dga/comm/arena/segment.h"

namespace dga {

/// Size of the segment. The launcher creates it, zeroed, before the workers start.
std::int64_t node_segment_bytes(int workers_on_node) noexcept;

FailureBoard& failure_board_of(const Segment& node) noexcept;
/// The presence of the worker with this local rank.
Presence& presence_of(const Segment& node, int local_rank) noexcept;
/// The most steps that a worker of the node has noted.
std::int64_t steps_on(const Segment& node, int workers_on_node) noexcept;
Inbox& inbox_of(const Segment& node, int local_rank) noexcept;
/// Number of workers that have aborted an operation; see World::ReadGuard.
std::atomic<std::uint32_t>& leavers_of(const Segment& node) noexcept;

}  // namespace dga
