// SPDX-License-Identifier: Apache-2.0
//
// Workers that an MPI launcher has started. The ranks of a node share memory; ranks of different
// nodes exchange messages over a Wire.

#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <optional>
#include <thread>

#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/base/topology.h"
#include "dga/comm/arena/group.h"
#include "dga/comm/arena/node_segment.h"
#include "dga/comm/mpi/mpi_check.h"
#include "dga/comm/mpi/mpi_wire.h"
#include "dga/launch/launch.h"
#include "dga/launch/launchers.h"
#include "dga/launch/sibling_watch.h"
#include "dga/launch/worker_seat.h"

namespace dga {
namespace {

// MPI can be initialised and finalised only once in a process, and no launch knows whether it is
// the last. So MPI is finalised at the end of the program, if dga has initialised it.
class MpiSession {
 public:
  static MpiSession& get() {
    static MpiSession session;
    return session;
  }
  /// Call it after a failure: the other ranks may never reach MPI_Finalize.
  void set_failed() noexcept { failed_ = true; }
  static bool exists() noexcept { return created; }

  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

 private:
  MpiSession() {
    int initialized = 0;
    check_mpi(MPI_Initialized(&initialized), "MPI_Initialized");
    if (initialized == 0) {
      int provided = 0;
      check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided),
                "MPI_Init_thread");
      check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &end_), "MPI_Comm_dup");
      ours_ = true;
    }
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    created = true;
  }
  ~MpiSession() {
    int finalized = 0;
    MPI_Finalized(&finalized);
    if (finalized != 0) {
      return;
    }
    // After a failure no rank calls MPI_Finalize: the MPI launcher sees a rank that ends without it
    // and ends the others. If some ranks are inside MPI_Finalize while others end without it, they
    // crash and Open MPI's mpirun hangs (6 of 120 runs). That is why a worker that has returned
    // waits until it knows how the others ended, and why this destructor waits for all ranks before
    // it finalises. MPI_Abort on several ranks at once has hung mpirun too. After a failure the
    // ranks end one after the other, so that mpirun can handle each before the next.
    if (ours_ && !failed_) {
      wait_for_the_end_of_all();
      MPI_Finalize();
    } else if (ours_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(std::min(300 * rank_, 1500)));
    }
  }

  /// No timeout, because other ranks may still have much work to do. If one of them never arrives,
  /// the MPI launcher ends this process.
  void wait_for_the_end_of_all() const noexcept {
    MPI_Request request = MPI_REQUEST_NULL;
    int done = MPI_Ibarrier(end_, &request) == MPI_SUCCESS ? 0 : 1;
    while (done == 0 && MPI_Test(&request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }

  MPI_Comm end_ = MPI_COMM_NULL;  // used only by wait_for_the_end_of_all
  bool ours_ = false;
  bool failed_ = false;
  int rank_ = 0;
  static inline bool created = false;
};

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

/// Waits until every rank has called launch. MPI's own collectives would wait for ever for a rank
/// that has ended or taken another path.
void meet(MPI_Comm all, double timeout_s) {
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Ibarrier(all, &request), "MPI_Ibarrier");
  const double started = now_seconds();
  int done = 0;
  while (true) {
    check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done != 0) {
      return;
    }
    if (now_seconds() - started > timeout_s) {
      int rank = 0;
      int size = 0;
      MPI_Comm_rank(all, &rank);
      MPI_Comm_size(all, &size);
      throw WorkerFailure(
          str("[launch] rank ", rank, " waited ", timeout_s, " s for all ", size,
              " ranks to call launch. Check whether one of them has ended or taken another path "
              "through the program, or raise --timeout."));
    }
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

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

void end_without_others() noexcept {
  if (MpiSession::exists()) {
    MpiSession::get().set_failed();
  }
}

void launch_mpi(const LaunchOptions& options, const Worker& worker) {
  MpiSession& session = MpiSession::get();
  MPI_Comm all =
      options.mpi_comm != nullptr ? *static_cast<MPI_Comm*>(options.mpi_comm) : MPI_COMM_WORLD;
  check_timeout(options);
  try {
    meet(all, options.timeout_s);
  } catch (...) {
    end_without_others();
    throw;
  }
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
    done = run_worker(resolved, Engine::mpi, std::move(seat), worker);
  }
  if (!done || failure_board_of(board).failed()) {
    session.set_failed();
    throw WorkerFailure(failure_board_of(board).text());
  }
}

}  // namespace dga
