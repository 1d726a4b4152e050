// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/seats.h"

#include <utility>

namespace dga {

Seats::Seats(Seating seating, const WorkerBlocks& blocks) : seating_(seating), blocks_(blocks) {}

WorkerBlock Seats::ranks_of(int carrier) const noexcept {
  return seating_ == Seating::carriers ? WorkerBlock{carrier, 1} : blocks_.of(carrier);
}

int Seats::carrier_of(int rank) const noexcept {
  return seating_ == Seating::carriers ? rank : blocks_.carrier_of(rank);
}

Placement Seats::placement_from(const Placement& carriers) const {
  Placement placement;
  for (int rank = 0; rank < num_ranks(); ++rank) {
    placement.node_of.push_back(carriers.node_of[static_cast<std::size_t>(carrier_of(rank))]);
  }
  return placement;
}

void Seats::tell(WorldOptions& world, std::shared_ptr<Baton> baton) const {
  if (are_shared()) {
    world.patience = Patience::yield;
    world.baton = std::move(baton);
    world.shared = blocks_;
  } else if (!blocks_.one_each()) {
    world.blocks = blocks_;
  }
}

}  // namespace dga
