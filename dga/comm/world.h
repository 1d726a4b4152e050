// SPDX-License-Identifier: Apache-2.0
//
// World: what one worker knows about all workers of a run, whatever group it talks in: who shares
// its node, where failures are posted, how to wait, and which memory the others can see.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dga/comm/failure_board.h"
#include "dga/comm/presence.h"
#include "dga/comm/segment.h"
#include "dga/comm/wait_word.h"
#include "dga/comm/wire.h"

namespace dga {

class Operation;

/// Which workers share a node: `node_of[worker]`. Workers of a node are neighbours in number.
struct Placement {
  std::vector<int> node_of;

  int num_workers() const noexcept { return static_cast<int>(node_of.size()); }
  int num_nodes() const noexcept;
  /// Workers of `node`, ascending.
  std::vector<int> workers_of(int node) const;
  /// Everybody on one node.
  static Placement single_node(int num_workers);
};

/// What a worker does before it sleeps in the kernel to wait.
enum class Patience : std::uint8_t {
  yield,  ///< lets others run a few times first: where workers share cores, that is usually all it
          ///< takes, and costs less than a sleep and a wake-up
  spin,   ///< watches for a moment, as every worker has a core of its own
};

/// The patience of `workers` workers that share `cores` cores.
Patience patience_for(int workers, int cores) noexcept;

struct WorldOptions {
  int rank = 0;
  Placement placement;
  MemoryKind memory = MemoryKind::heap;
  /// Longest wait for another worker, in seconds.
  double timeout_s = 300;
  Patience patience = Patience::yield;
};

class World {
 public:
  /// Bytes of the segment that the workers of one node share; create it before the workers start.
  static std::int64_t node_bytes(int workers_on_node) noexcept;

  /// `node`: this node's segment of node_bytes, zeroed when the first worker came. `wire`: null
  /// when the world has one node.
  World(WorldOptions options, Segment node, std::unique_ptr<Wire> wire);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int rank() const noexcept { return options_.rank; }
  const Placement& placement() const noexcept { return options_.placement; }
  MemoryKind memory() const noexcept { return options_.memory; }
  double timeout_s() const noexcept { return options_.timeout_s; }
  /// The same for all workers of a node: algorithms may be chosen by it.
  Patience patience() const noexcept { return options_.patience; }
  Wire* wire() const noexcept { return wire_.get(); }
  /// Position among the workers of this node.
  int local_rank() const noexcept { return local_rank_; }

  // --- failing together
  /// Posts a failure for every worker of the world; the first one posted anywhere wins.
  void fail(const std::string& text) noexcept;
  bool failed() const noexcept { return board_->failed(); }
  /// Throws WorkerFailure with the posted text, if there is one.
  void check() const;
  /// Says that this worker has finished, and blocks until all have, or throws WorkerFailure when
  /// one of them failed: whoever returns from here knows how the run ended for everybody.
  void finish_together();
  /// Presence of worker `rank`, null when it lives on another node.
  Presence* presence(int rank) const noexcept;
  /// Whether all of these are neighbours that wait for somebody themselves.
  bool only_waiters(const std::vector<int>& workers) const;
  Presence& own_presence() const noexcept { return *presence(rank()); }
  /// "; worker 0 waited for it in barrier 'x' (operation 7)" for those that wait, or "".
  std::string who_waits() const;

  /// Blocks until ready() is true. `word` changes whenever ready() may have become true.
  /// `describe` names the operation; `missing` lists the workers that have not arrived.
  /// Throws WorkerFailure when the world failed meanwhile or the timeout passed.
  void wait(WaitWord& word, const std::function<bool()>& ready,
            const std::function<std::string()>& describe,
            const std::function<std::vector<int>()>& missing);
  /// The same where nothing can be slept on: `poll` answers whether it is done and makes progress.
  void wait_polling(const std::function<bool()>& poll, const std::function<std::string()>& describe,
                    const std::function<std::vector<int>()>& missing);

  /// Held while this worker reads other workers' buffers. Throws WorkerFailure instead of letting
  /// it read when somebody is about to take his buffers away.
  class ReadGuard {
   public:
    explicit ReadGuard(World& world);
    ~ReadGuard();
    ReadGuard(const ReadGuard&) = delete;
    ReadGuard& operator=(const ReadGuard&) = delete;

   private:
    World& world_;
  };
  /// Called by a worker that leaves an operation unfinished: returns once nobody reads its buffers.
  void leave_unread() noexcept;

  /// This worker's operations under way, in all groups, oldest first. Whoever waits for one of them
  /// moves all of them along.
  std::vector<Operation*>& active() noexcept { return active_; }

  // --- memory that others can see
  void add_segment(const Segment& segment);
  void remove_segment(const Segment& segment) noexcept;
  /// A segment of at least `bytes` that neighbours can read, this worker's until it is given back.
  /// It stays mapped as long as the world: an address that was once visible never means other
  /// memory.
  Segment take_staging(std::int64_t bytes);
  void give_back(Segment staging);
  /// The known segment that holds [data, data + bytes) whole, or null.
  struct KnownSegment {
    SegmentHandle handle;
    std::byte* data = nullptr;
  };
  const KnownSegment* segment_with(const void* data, std::int64_t bytes) const noexcept;
  /// Where `offset` of another worker's segment lies here; attached at first sight.
  std::byte* resolve(const SegmentHandle& handle, std::int64_t offset);

 private:
  bool ready_soon(const std::function<bool()>& ready, double started) const;
  void check_wait(double started, const std::function<bool()>& ready,
                  const std::function<std::string()>& describe,
                  const std::function<std::vector<int>()>& missing);
  void poll_alarm() noexcept;

  WorldOptions options_;
  Segment node_;
  std::unique_ptr<Wire> wire_;
  FailureBoard* board_ = nullptr;
  Presence* presences_ = nullptr;  // by local rank
  std::vector<int> locals_;        // world ranks of this node
  int local_rank_ = 0;
  bool alarm_raised_ = false;
  std::vector<Operation*> active_;
  std::map<std::uint64_t, KnownSegment> known_;
  std::map<std::uint64_t, Segment> attached_;
  std::vector<Segment> staging_;  // not in use, smaller ones first
};

/// The failure board of a node segment, for launchers that have no World of their own.
FailureBoard& failure_board_of(const Segment& node) noexcept;
/// The presence of the node's `local_rank`-th worker, likewise.
Presence& presence_of(const Segment& node, int local_rank) noexcept;

}  // namespace dga
