// SPDX-License-Identifier: Apache-2.0
//
// LaunchOptions: the number of workers that `launch` starts, their engine and their limits.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dga/base/fact.h"
#include "dga/comm/worker_blocks.h"
#include "dga/mesh/mesh.h"
#include "dga/options/run_options.h"

namespace dga {

struct LaunchOptions {
  Engine engine = WorkerOptions{}.engine;
  /// Number of workers, from 1 to 4096. Under MPI at least the number of ranks, or 0, which means
  /// as many.
  int workers = WorkerOptions{}.count;
  /// The number of threads, processes or ranks that carry the workers, from 1 to `workers`; under
  /// MPI it must be the number of ranks. 0: in `launch` one for each worker, in launch_carriers see
  /// resolve_blocks; under MPI all ranks.
  int carriers = WorkerOptions{}.carriers;
  /// Longest wait of one worker for another, in seconds. Must be positive.
  double timeout_s = WorkerOptions{}.timeout;
  /// Engines threads and processes: how often to start all workers again after one of them has
  /// thrown, died or did not arrive in time. Environment::restarts() tells them; they go on from
  /// what they have saved. After two failures in a row at the same step there is no other start.
  /// With MPI `dga launch` does the same from outside, and this must be 0.
  int max_restarts = WorkerOptions{}.max_restarts;
  /// The seed of the run. All random streams are derived from it.
  std::uint64_t seed = TrainingOptions{}.seed;
  /// Sizes of the mesh. If it is not set, axis `data` has all workers.
  std::optional<MeshSizes> mesh{};
  /// MPI: the ranks of a machine are cut into nodes of this many ranks. 0, or a number larger than
  /// the machine's ranks, makes each machine one node.
  int ranks_per_node = WorkerOptions{}.ranks_per_node;
  /// Engines threads and processes: pin each worker to a core if there is a core for every worker.
  bool pin = true;
  /// Engine processes: the program that the workers execute instead of this one, without arguments.
  /// Its first call of launch must have the same options. Empty: this program.
  std::string worker_program = {};
  /// Under an MPI launcher, engines threads and processes: this rank starts workers of its own. If
  /// it is false they are refused beside other ranks, each of which would do the whole work again.
  bool each_rank_alone = false;
  /// MPI: what must be the same on every rank besides these options, such as a checksum of the
  /// data.
  std::vector<Fact> facts = {};
  /// MPI: a pointer to the MPI_Comm to use instead of MPI_COMM_WORLD. The caller keeps ownership.
  void* mpi_comm = nullptr;
};

/// The number of workers to start. If `options.workers.count` is 0, returns 0 (all ranks) for MPI
/// and 1 for other engines. `engine` must not be automatic.
int resolve_workers(const RunOptions& options, Engine engine) noexcept;

/// Which carrier carries which workers, on this machine. By default there are as many carriers as
/// usable cores, but no more than workers: more would only take each other's time.
/// `options.workers` must be known. Throws InvalidArgument for more carriers than workers.
WorkerBlocks resolve_blocks(const LaunchOptions& options);

/// The part of a run's options that `launch` needs. `engine` replaces theirs and must not be
/// automatic.
LaunchOptions launch_options_of(const RunOptions& options, Engine engine) noexcept;

}  // namespace dga
