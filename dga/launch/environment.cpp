// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/environment.h"

namespace dga {

Environment::Environment(const LaunchOptions& options, Engine engine, Communicator world,
                         const WorkerBlocks& blocks, int restarts)
    : options_(options),
      engine_(engine),
      world_(std::move(world)),
      blocks_(blocks),
      restarts_(restarts),
      mesh_(options.mesh.value_or(MeshSizes{.data = world_.size()}), world_.size()) {
  for (const Axis axis : {Axis::data, Axis::pipeline, Axis::tensor, Axis::space}) {
    // An axis as large as the world needs no group of its own.
    groups_.emplace(axis, mesh_.size(axis) == world_.size()
                              ? world_
                              : world_.split(mesh_.peers(rank(), axis).front(), rank()));
  }
}

}  // namespace dga
