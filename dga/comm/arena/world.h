// SPDX-License-Identifier: Apache-2.0
//
// World: what one worker knows about all workers of a run, whatever group it talks in: who shares
// its node, where failures are posted, how to wait, and which memory the others can see.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dga/comm/arena/failure_board.h"
#include "dga/comm/arena/patience.h"
#include "dga/comm/arena/presence.h"
#include "dga/comm/arena/segment.h"
#include "dga/comm/arena/visible_memory.h"
#include "dga/comm/arena/wait_word.h"
#include "dga/comm/placement.h"
#include "dga/comm/wire.h"

namespace dga {

class Operation;

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
  /// `node`: this node's segment of node_segment_bytes, zeroed when the first worker came. `wire`:
  /// null when the world has one node.
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

  VisibleMemory& visible() noexcept { return visible_; }

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
  VisibleMemory visible_;
};

}  // namespace dga
