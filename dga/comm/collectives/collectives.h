// SPDX-License-Identifier: Apache-2.0
//
// The algorithms of all collectives, on one node and on many. docs/algorithms.md tells them in
// words, with the bytes that each rank moves.
//
// All have the same shape. Each worker publishes where its contribution lies and arrives; once all
// workers of the node have arrived, each reads what it needs straight from its neighbours, and says
// when it has finished reading. What crosses nodes is shared out evenly: the worker that handles
// rank r on a node, its *relay* for r, is number r modulo the workers there.

#pragma once

#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include "dga/comm/collectives/steps.h"

namespace dga {

class Collective;

/// The steps of what `collective` was asked to do; it must outlive them.
Steps steps_of(Collective& collective);

// movements.cpp
Steps barrier(Collective& c);
Steps broadcast(Collective& c);
Steps all_gather(Collective& c);
Steps gather(Collective& c);
Steps scatter(Collective& c);
Steps all_to_all(Collective& c);
/// Slice r of a buffer that each node holds once was written by rank r; afterwards every node holds
/// all slices.
Steps share(Collective& c);
/// Inside a node only: everybody reads everybody's few bytes. The set-up of groups and buffers.
Steps exchange(Collective& c);

// reductions.cpp
Steps all_reduce(Collective& c);
Steps reduce(Collective& c);
Steps reduce_scatter(Collective& c);

inline void copy_bytes(void* to, const void* from, std::int64_t bytes) {
  if (bytes > 0 && to != from) {
    std::memcpy(to, from, static_cast<std::size_t>(bytes));
  }
}

/// Where each rank's elements start, from how many each has.
inline std::vector<std::int64_t> offsets_of(const std::vector<std::int64_t>& counts) {
  std::vector<std::int64_t> offsets(counts.size() + 1, 0);
  std::partial_sum(counts.begin(), counts.end(), offsets.begin() + 1);
  return offsets;
}

}  // namespace dga
