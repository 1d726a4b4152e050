// SPDX-License-Identifier: Apache-2.0
//
// Seats: how the ranks of a world are spread over carriers (threads, processes or MPI ranks).
// Internal to the room.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dga/comm/arena/baton.h"
#include "dga/comm/arena/world.h"
#include "dga/comm/worker_blocks.h"

namespace dga {

/// What the ranks of a launch are.
enum class Seating {
  workers,   ///< the workers; those of one carrier run one at a time
  carriers,  ///< the carriers: their function takes turns for several workers
};

class Seats {
 public:
  Seats(Seating seating, const WorkerBlocks& blocks);

  int num_ranks() const noexcept {
    return seating_ == Seating::carriers ? blocks_.carriers() : blocks_.workers();
  }
  const WorkerBlocks& blocks() const noexcept { return blocks_; }
  int num_carriers() const noexcept { return blocks_.carriers(); }
  /// The ranks that `carrier` has.
  WorkerBlock ranks_of(int carrier) const noexcept;
  int carrier_of(int rank) const noexcept;
  /// Whether carriers have several ranks each, which then share a baton.
  bool are_shared() const noexcept { return seating_ == Seating::workers && !blocks_.one_each(); }
  /// The placement of the ranks, from that of the carriers.
  Placement placement_from(const Placement& carriers) const;
  /// For messages: "worker 3", or "carrier 1 (workers 15 to 29)".
  std::string name_of(int carrier) const { return blocks_.name_of(carrier); }
  /// "workers" or "carriers": of which there are too many if a carrier cannot be started.
  const char* started() const noexcept { return blocks_.one_each() ? "workers" : "carriers"; }

  /// What World must know of the spread. `baton`: of the rank's carrier; null unless are_shared.
  void tell(WorldOptions& world, std::shared_ptr<Baton> baton) const;

 private:
  Seating seating_;
  WorkerBlocks blocks_;
};

}  // namespace dga
