// SPDX-License-Identifier: Apache-2.0
//
// LaunchOptions: how many workers `launch` starts, and how.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dga/mesh/mesh.h"
#include "dga/options/run_options.h"

namespace dga {

struct LaunchOptions {
  Engine engine = WorkerOptions{}.engine;
  /// Workers to start. Under MPI 0 means as many as there are ranks, and any other number must be
  /// that one; elsewhere it must be at least 1.
  int workers = WorkerOptions{}.count;
  /// Longest wait of one worker for another, in seconds.
  double timeout_s = WorkerOptions{}.timeout;
  /// The run's seed, from which every random stream is derived.
  std::uint64_t seed = TrainingOptions{}.seed;
  /// Sizes of the mesh; `data` takes all workers when nothing is given.
  std::optional<MeshSizes> mesh{};
  /// MPI: the number of ranks that count as one node; 0 asks MPI. It may be smaller than the real
  /// number, never larger.
  int ranks_per_node = WorkerOptions{}.ranks_per_node;
  /// Pin workers to cores where every worker can have one.
  bool pin = true;
  /// processes: the program that the workers are, in place of this one; empty: this one. It must
  /// come to a launch alike (see relaunch), its first.
  std::string worker_program = {};
  /// MPI: a pointer to the MPI_Comm to use instead of MPI_COMM_WORLD; it stays the caller's.
  void* mpi_comm = nullptr;
};

/// The number of workers to start: `options.workers.count`, else 0 for MPI (all ranks), else 1.
/// `engine` is the resolved engine, never automatic.
int resolve_workers(const RunOptions& options, Engine engine) noexcept;

/// The part of a run's options that `launch` needs.
LaunchOptions launch_options_of(const RunOptions& options, Engine engine) noexcept;

}  // namespace dga
