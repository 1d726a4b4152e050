// SPDX-License-Identifier: Apache-2.0
//
// Workers that an MPI launcher has started. The ranks of a node share memory; ranks of different
// nodes exchange messages over a Wire.

#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <memory>
#include <numeric>

#include "dga/base/error.h"
#include "dga/base/topology.h"
#include "dga/comm/arena/group.h"
#include "dga/comm/arena/node_segment.h"
#include "dga/comm/mpi/mpi_check.h"
#include "dga/comm/mpi/mpi_wire.h"
#include "dga/launch/launch.h"
#include "dga/launch/launchers.h"
#include "dga/launch/mpi_session.h"
#include "dga/launch/sibling_watch.h"
#include "dga/launch/worker_seat.h"

namespace dga {
namespace {

/// Owns a communicator.
class Comm {
 public:
  Comm() = default;
  ~Comm() {
    if (comm_ != MPI_COMM_NULL) {
      MPI_Comm_free(&comm_);
    }
  }
  Comm(const Comm&) = delete;
  Comm& operator=(const Comm&) = delete;

  MPI_Comm* out() noexcept { return &comm_; }
  MPI_Comm get() const noexcept { return comm_; }
  int rank() const {
    int rank = 0;
    check_mpi(MPI_Comm_rank(comm_, &rank), "MPI_Comm_rank");
    return rank;
  }
  int size() const {
    int size = 0;
    check_mpi(MPI_Comm_size(comm_, &size), "MPI_Comm_size");
    return size;
  }

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
};

void split_by_node(MPI_Comm all, int ranks_per_node, Comm& node) {
  Comm machine;
  check_mpi(MPI_Comm_split_type(all, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, machine.out()),
            "MPI_Comm_split_type");
  const int rank = machine.rank();
  const int part = ranks_per_node > 0 ? rank / ranks_per_node : 0;
  check_mpi(MPI_Comm_split(machine.get(), part, rank, node.out()), "MPI_Comm_split");
}

/// Renumbers the ranks so that those of a node are consecutive, with nodes in the order of their
/// first rank.
void number_by_node(MPI_Comm all, const Comm& node, Comm& world) {
  int first = 0;
  check_mpi(MPI_Comm_rank(all, &first), "MPI_Comm_rank");
  check_mpi(MPI_Bcast(&first, 1, MPI_INT, 0, node.get()), "MPI_Bcast");
  // MPI orders equal keys by the old rank, so the order within a node stays.
  check_mpi(MPI_Comm_split(all, 0, first, world.out()), "MPI_Comm_split");
}

Placement placement_of(const Comm& node, const Comm& world) {
  int first = world.rank();
  check_mpi(MPI_Bcast(&first, 1, MPI_INT, 0, node.get()), "MPI_Bcast");
  std::vector<int> firsts(static_cast<std::size_t>(world.size()));
  check_mpi(MPI_Allgather(&first, 1, MPI_INT, firsts.data(), 1, MPI_INT, world.get()),
            "MPI_Allgather");
  Placement placement;
  int current = -1;
  for (std::size_t rank = 0; rank < firsts.size(); ++rank) {
    current += firsts[rank] == static_cast<int>(rank) ? 1 : 0;
    placement.node_of.push_back(current);
  }
  return placement;
}

Segment shared_segment(const Comm& node, std::int64_t bytes) {
  Segment segment;
  SegmentHandle handle;
  if (node.rank() == 0) {
    segment = Segment::create(MemoryKind::mapped, bytes, 1);
    handle = segment.handle();
  }
  check_mpi(MPI_Bcast(&handle, sizeof(handle), MPI_BYTE, 0, node.get()), "MPI_Bcast");
  std::string problem;
  if (node.rank() != 0) {
    try {
      segment = Segment::attach(MemoryKind::mapped, handle);
    } catch (const Error& error) {
      problem = error.what();
    }
  }
  int failed = problem.empty() ? 0 : 1;
  int any = 0;
  check_mpi(MPI_Allreduce(&failed, &any, 1, MPI_INT, MPI_MAX, node.get()), "MPI_Allreduce");
  if (any != 0) {
    throw Error(problem.empty()
                    ? "[comm] shared memory: expected all ranks of the node to attach, found one "
                      "that failed. See its error."
                    : problem);
  }
  return segment;
}

/// Number of processing units that the ranks of this node may use together. The MPI launcher may
/// have bound each rank to different units.
int units_of(const Comm& node) {
  auto units = allowed_units();
  units.resize(64);  // 4096 processing units
  std::vector<std::uint64_t> all(units.size());
  check_mpi(MPI_Allreduce(units.data(), all.data(), static_cast<int>(units.size()), MPI_UINT64_T,
                          MPI_BOR, node.get()),
            "MPI_Allreduce");
  int count = 0;
  for (const std::uint64_t word : all) {
    count += std::popcount(word);
  }
  return count;
}

std::vector<SiblingWatch::Sibling> siblings_of(const Comm& node, const Comm& world) {
  struct Entry {
    int rank;
    int pid;
  };
  const Entry mine{world.rank(), getpid()};
  std::vector<Entry> entries(static_cast<std::size_t>(node.size()));
  check_mpi(MPI_Allgather(&mine, 2, MPI_INT, entries.data(), 2, MPI_INT, node.get()),
            "MPI_Allgather");
  std::vector<SiblingWatch::Sibling> siblings;
  for (std::size_t local = 0; local < entries.size(); ++local) {
    if (entries[local].pid != mine.pid) {
      siblings.push_back({entries[local].rank, static_cast<int>(local), entries[local].pid});
    }
  }
  return siblings;
}

}  // namespace

void launch_mpi(const LaunchOptions& options, const Worker& worker) {
  check_timeout(options);
  MPI_Comm all = all_ranks(options);
  agree_over_mpi(options);
  Comm node;
  Comm world;
  split_by_node(all, options.ranks_per_node, node);
  number_by_node(all, node, world);
  DGA_CHECK(options.workers == 0 || options.workers == world.size(), "[launch] workers: expected ",
            world.size(), ", the number of ranks that MPI has started, found ", options.workers,
            ". Start as many ranks (mpirun -n ", options.workers, ") or omit --workers.");
  LaunchOptions resolved = options;
  resolved.workers = world.size();

  Segment node_segment = shared_segment(node, node_segment_bytes(node.size()));
  Segment control = shared_segment(node, Group::control_bytes(node.size()));
  const Placement placement = placement_of(node, world);
  const Segment board = Segment::attach(MemoryKind::mapped, node_segment.handle());
  bool done = false;
  {
    const SiblingWatch watch(siblings_of(node, world), board);
    WorkerSeat seat{
        .world = {.rank = world.rank(),
                  .placement = placement,
                  .memory = MemoryKind::mapped,
                  .timeout_s = options.timeout_s,
                  .patience = patience_for(node.size(), units_of(node))},
        .node = std::move(node_segment),
        .control = std::move(control),
        .wire = placement.num_nodes() > 1 ? std::make_unique<MpiWire>(world.get()) : nullptr};
    // Every rank is attached and watching before any worker runs.
    check_mpi(MPI_Barrier(world.get()), "MPI_Barrier");
    // A worker that ends its process must not leave the others waiting: exit runs the destructor of
    // MpiSession, which would wait for them.
    done = run_worker(
        resolved, Engine::mpi, std::move(seat), worker, [](const auto& work, const auto& fail) {
          const MpiSession::WorkerScope scope(
              [&fail] { fail("it ended its process (exit) before its work was done."); });
          work();
        });
  }
  if (!done || failure_board_of(board).failed()) {
    MpiSession::get().set_failed();
    throw WorkerFailure(failure_board_of(board).text());
  }
}

}  // namespace dga
