// SPDX-License-Identifier: Apache-2.0
//
// Environment: all that a worker knows about the run it is part of.

#pragma once

#include <cstdint>
#include <map>

#include "dga/comm/communicator.h"
#include "dga/launch/launch_options.h"
#include "dga/mesh/mesh.h"

namespace dga {

/// Handed to every worker by `launch`; valid while the worker runs. Used by its thread alone.
class Environment {
 public:
  Environment(const LaunchOptions& options, Engine engine, Communicator world);

  /// This worker's number in [0, workers()).
  int rank() const noexcept { return world_.rank(); }
  int workers() const noexcept { return world_.size(); }
  bool is_root() const noexcept { return rank() == 0; }
  /// The engine that was chosen; never Engine::automatic.
  Engine engine() const noexcept { return engine_; }
  std::uint64_t seed() const noexcept { return options_.seed; }
  const LaunchOptions& options() const noexcept { return options_; }
  const Mesh& mesh() const noexcept { return mesh_; }
  /// All workers.
  const Communicator& world() const noexcept { return world_; }
  /// This worker's group along `axis`.
  const Communicator& group(Axis axis) const { return groups_.at(axis); }

 private:
  LaunchOptions options_;
  Engine engine_;
  Communicator world_;
  Mesh mesh_;
  std::map<Axis, Communicator> groups_;
};

}  // namespace dga
