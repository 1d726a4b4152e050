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
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
#include "dga/launch/supervised.h"
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

/// The other ranks of MPI on this node, with the workers, or carriers, that each of them runs.
std::vector<SiblingWatch::Sibling> siblings_of(const Comm& node, const Comm& world,
                                               const Seats& seats) {
  struct Entry {
    int rank;
    int pid;
  };
  const Entry mine{world.rank(), getpid()};
  std::vector<Entry> entries(static_cast<std::size_t>(node.size()));
  check_mpi(MPI_Allgather(&mine, 2, MPI_INT, entries.data(), 2, MPI_INT, node.get()),
            "MPI_Allgather");
  std::vector<SiblingWatch::Sibling> siblings;
  int local = 0;
  for (const Entry& entry : entries) {
    const int ranks = seats.ranks_of(entry.rank).count;
    if (entry.pid != mine.pid) {
      siblings.push_back({seats.name_of(entry.rank), local, ranks, entry.pid});
    }
    local += ranks;
  }
  return siblings;
}

/// The workers that `ranks` ranks of MPI carry.
WorkerBlocks blocks_over(int ranks, const LaunchOptions& options) {
  const int workers = options.workers == 0 ? ranks : options.workers;
  check_workers(workers);
  DGA_CHECK(workers >= ranks, "[launch] workers: expected ", ranks,
            " or more, since MPI has started ", ranks, " ranks, found ", workers,
            ". Start fewer ranks (mpirun -n ", workers, ") or omit --workers.");
  DGA_CHECK(options.carriers == 0 || options.carriers == ranks, "[launch] carriers: expected ",
            ranks, ", the number of ranks that MPI has started, found ", options.carriers,
            ". Start as many ranks (mpirun -n ", options.carriers, ") or omit --carriers.");
  return {workers, ranks};
}

constexpr const char* kExited = "it ended its process (exit) before its work was done.";

/// Runs the one worker, or carrier, of this rank of MPI. A worker that ends its process must not
/// leave the others waiting: exit runs the destructor of MpiSession, which would wait for them.
bool run_alone(const LaunchOptions& options, WorkerSeat seat, const Worker& worker) {
  return run_worker(options, Engine::mpi, std::move(seat), worker,
                    [](const auto& work, const auto& fail) {
                      const MpiSession::WorkerScope scope([&fail] { fail(kExited); });
                      work();
                    });
}

/// Runs the workers of this rank of MPI.
bool run_several(const LaunchOptions& options, std::vector<WorkerSeat> seats, const Segment& node,
                 const Worker& worker) {
  const std::string name =
      str("workers ", seats.front().world.rank, " to ", seats.back().world.rank);
  const MpiSession::WorkerScope scope(
      [&] { failure_board_of(node).post(str("[launch] one of ", name, " failed: ", kExited)); });
  return run_in_turns(options, Engine::mpi, std::move(seats), node, worker);
}

}  // namespace

void launch_mpi(const LaunchOptions& options, Seating seating, const Worker& worker) {
  check_timeout(options);
  MPI_Comm all = all_ranks(options);
  agree_over_mpi(options);
  Comm node;
  Comm world;
  split_by_node(all, options.ranks_per_node, node);
  number_by_node(all, node, world);
  if (world.rank() == 0) {
    tell_supervisor({.kind = SupervisorMessage::Kind::workers,
                     .number = options.workers == 0 ? world.size() : options.workers});
  }
  const Seats seats(seating, blocks_over(world.size(), options));
  LaunchOptions resolved = options;
  resolved.workers = seats.blocks().workers();
  resolved.carriers = seats.num_carriers();

  const Placement carriers = placement_of(node, world);
  const Placement placement = seats.placement_from(carriers);
  DGA_CHECK(!seats.are_shared() || placement.num_nodes() == 1,
            "[launch] workers: expected one for each of ", world.size(), " ranks on ",
            placement.num_nodes(), " nodes, found ", resolved.workers,
            ". Ranks of several nodes carry several workers each in dga train and launch_carriers "
            "only. Start ",
            resolved.workers, " ranks.");
  const int my_node = carriers.node_of[static_cast<std::size_t>(world.rank())];
  const auto locals = static_cast<int>(placement.workers_of(my_node).size());
  const Segment node_segment = shared_segment(node, node_segment_bytes(locals));
  const Segment control = shared_segment(node, Group::control_bytes(locals));
  const auto baton = seats.are_shared() ? std::make_shared<Baton>() : nullptr;
  const WorkerBlock ranks = seats.ranks_of(world.rank());
  const Patience patience = patience_for(node.size(), units_of(node));
  const std::optional<Supervised> supervisor = supervised();
  std::vector<WorkerSeat> own;
  for (int rank = ranks.first; rank < ranks.end(); ++rank) {
    own.push_back(
        {.world = {.rank = rank,
                   .placement = placement,
                   .memory = MemoryKind::mapped,
                   .timeout_s = options.timeout_s,
                   .patience = patience},
         .node = Segment::attach(MemoryKind::mapped, node_segment.handle()),
         .control = Segment::attach(MemoryKind::mapped, control.handle()),
         .wire = placement.num_nodes() > 1 ? std::make_unique<MpiWire>(world.get()) : nullptr,
         .restarts = supervisor ? supervisor->restarts : 0});
    seats.tell(own.back().world, baton);
  }
  bool done = false;
  {
    const SiblingWatch watch(siblings_of(node, world, seats), node_segment);
    // Every rank is attached and watching before any worker runs.
    check_mpi(MPI_Barrier(world.get()), "MPI_Barrier");
    std::optional<StepReports> reports;
    if (world.rank() == 0) {
      tell_supervisor({.kind = SupervisorMessage::Kind::joined});
      reports.emplace([&] { return steps_on(node_segment, locals); });
    }
    done = seats.are_shared() ? run_several(resolved, std::move(own), node_segment, worker)
                              : run_alone(resolved, std::move(own.front()), worker);
  }
  if (!done || failure_board_of(node_segment).failed()) {
    MpiSession::get().set_failed();
    tell_supervisor({.kind = SupervisorMessage::Kind::failed,
                     .number = steps_on(node_segment, locals),
                     .text = failure_board_of(node_segment).text()});
    throw WorkerFailure(failure_board_of(node_segment).text());
  }
  if (world.rank() == 0) {
    tell_supervisor({.kind = SupervisorMessage::Kind::ended});
  }
}

}  // namespace dga
