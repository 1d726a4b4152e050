// SPDX-License-Identifier: Apache-2.0
//
// The algorithms of all collectives, on one node and on many. docs/algorithms.md describes them and
// the number of bytes that each rank moves.
//
// All algorithms have the same structure. Each worker publishes the address of its contribution and
// arrives. Once all workers of the node have arrived, each reads what it needs directly from its
// neighbours and then announces that it has finished reading. Messages between nodes are spread
// over the workers: on each other node one worker, the *relay* of rank r, exchanges messages with
// r. It is the worker with local rank r modulo the number of the group's workers on that node.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include "dga/comm/arena/pulse.h"
#include "dga/comm/collectives/steps.h"

namespace dga {

class Collective;

/// The coroutine of the operation that `collective` describes. `collective` must outlive it.
Steps steps_of(Collective& collective);

// movements.cpp
Steps barrier(Collective& c);
Steps broadcast(Collective& c);
Steps all_gather(Collective& c);
Steps gather(Collective& c);
Steps scatter(Collective& c);
Steps all_to_all(Collective& c);
/// Copies the slices of a buffer that each node holds once to the other nodes; rank r has written
/// slice r.
Steps share(Collective& c);
/// Each worker reads the bytes of all workers of its node. Used to set up groups and buffers.
Steps exchange(Collective& c);

// reductions.cpp
Steps all_reduce(Collective& c);
Steps reduce(Collective& c);
/// Also of partial sums, if the ranks carry several workers each.
Steps reduce_scatter(Collective& c);

inline void copy_bytes(void* to, const void* from, std::int64_t bytes) {
  if (to == from) {
    return;
  }
  constexpr std::int64_t kBytesOfPulse = std::int64_t{64} << 20;
  for (std::int64_t at = 0; at < bytes; at += kBytesOfPulse) {
    Pulse::beat();
    std::memcpy(static_cast<std::byte*>(to) + at, static_cast<const std::byte*>(from) + at,
                static_cast<std::size_t>(std::min(kBytesOfPulse, bytes - at)));
  }
}

/// offsets[r] = counts[0] + … + counts[r - 1]; one entry more than `counts`, the last is the sum.
inline std::vector<std::int64_t> offsets_of(const std::vector<std::int64_t>& counts) {
  std::vector<std::int64_t> offsets(counts.size() + 1, 0);
  std::partial_sum(counts.begin(), counts.end(), offsets.begin() + 1);
  return offsets;
}

inline bool has_empty(const std::vector<std::int64_t>& counts) noexcept {
  return std::find(counts.begin(), counts.end(), 0) != counts.end();
}

}  // namespace dga
