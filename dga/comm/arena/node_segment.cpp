// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/arena/node_segment.h"

#include <algorithm>

namespace dga {
namespace {

struct NodeHeader {
  FailureBoard board;
  // Counts workers that leave an operation unfinished. A reader raises its own `reading` flag and
  // then loads this counter and the board. A worker that leaves increments the counter and then
  // loads every neighbour's `reading` flag. All of these accesses are seq_cst and so have one total
  // order, in which either the reader's flag precedes the leaver's load or the leaver's increment
  // precedes the reader's load: at least one of the two sees the other.
  alignas(64) std::atomic<std::uint32_t> leavers{0};
};

NodeHeader& header_of(const Segment& node) noexcept {
  return *reinterpret_cast<NodeHeader*>(node.data());
}

/// What the segment holds for each worker.
struct alignas(64) Seat {
  Presence presence;
  alignas(64) Inbox inbox;
};

constexpr std::int64_t kSeatsAt = (sizeof(NodeHeader) + 63) / 64 * 64;
constexpr std::int64_t kSeatBytes = sizeof(Seat);

Seat& seat_of(const Segment& node, int local_rank) noexcept {
  return *reinterpret_cast<Seat*>(node.data() + kSeatsAt + kSeatBytes * local_rank);
}

}  // namespace

std::int64_t node_segment_bytes(int workers_on_node) noexcept {
  return kSeatsAt + kSeatBytes * workers_on_node;
}

FailureBoard& failure_board_of(const Segment& node) noexcept {
  return header_of(node).board;
}

Presence& presence_of(const Segment& node, int local_rank) noexcept {
  return seat_of(node, local_rank).presence;
}

std::int64_t steps_on(const Segment& node, int workers_on_node) noexcept {
  std::int64_t most = 0;
  for (int worker = 0; worker < workers_on_node; ++worker) {
    most = std::max(most, presence_of(node, worker).steps.load(std::memory_order_relaxed));
  }
  return most;
}

Inbox& inbox_of(const Segment& node, int local_rank) noexcept {
  return seat_of(node, local_rank).inbox;
}

std::atomic<std::uint32_t>& leavers_of(const Segment& node) noexcept {
  return header_of(node).leavers;
}

}  // namespace dga
