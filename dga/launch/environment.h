// SPDX-License-Identifier: Apache-2.0
//
// Environment: everything that a worker knows about its run.

#pragma once

#include <cstdint>
#include <map>

#include "dga/comm/communicator.h"
#include "dga/comm/worker_blocks.h"
#include "dga/launch/launch_options.h"
#include "dga/mesh/mesh.h"

namespace dga {

/// `launch` passes one to each worker. It is valid until the worker function returns. Not
/// thread-safe.
class Environment {
 public:
  /// Collective over `world`, because it creates the groups of the mesh. Throws InvalidArgument if
  /// the mesh does not fit the number of workers.
  Environment(const LaunchOptions& options, Engine engine, Communicator world,
              const WorkerBlocks& blocks, int restarts = 0);

  /// This worker's rank in [0, workers()).
  int rank() const noexcept { return world_.rank(); }
  int workers() const noexcept { return world_.size(); }
  /// In launch_carriers, the workers that each rank carries: the ranks of `world` are then the
  /// carriers. In launch, one each.
  const WorkerBlocks& blocks() const noexcept { return blocks_; }
  WorkerBlock block() const noexcept { return blocks_.of(rank()); }
  bool is_root() const noexcept { return rank() == 0; }
  /// The engine of the run; never Engine::automatic.
  Engine engine() const noexcept { return engine_; }
  /// How often the workers were started again, because one of them had failed
  /// (LaunchOptions::max_restarts, dga launch) or to go on on other hosts (dga launch).
  int restarts() const noexcept { return restarts_; }
  std::uint64_t seed() const noexcept { return options_.seed; }
  const LaunchOptions& options() const noexcept { return options_; }
  const Mesh& mesh() const noexcept { return mesh_; }
  /// The communicator of all workers.
  const Communicator& world() const noexcept { return world_; }
  /// The communicator of the workers that differ from this one only along `axis` of the mesh.
  const Communicator& group(Axis axis) const { return groups_.at(axis); }

 private:
  LaunchOptions options_;
  Engine engine_;
  Communicator world_;
  WorkerBlocks blocks_;
  int restarts_;
  Mesh mesh_;
  std::map<Axis, Communicator> groups_;
};

}  // namespace dga
