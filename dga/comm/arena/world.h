// SPDX-License-Identifier: Apache-2.0
//
// World: what one worker knows about the run, independently of any group: which workers share its
// node, the failure board, how to wait, and the memory that its neighbours can see. Internal to the
// room and the launchers.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dga/comm/arena/baton.h"
#include "dga/comm/arena/failure_board.h"
#include "dga/comm/arena/inquiry.h"
#include "dga/comm/arena/patience.h"
#include "dga/comm/arena/presence.h"
#include "dga/comm/arena/pulse.h"
#include "dga/comm/arena/segment.h"
#include "dga/comm/arena/visible_memory.h"
#include "dga/comm/arena/wait_word.h"
#include "dga/comm/placement.h"
#include "dga/comm/wire.h"
#include "dga/comm/worker_blocks.h"

namespace dga {

class Operation;

struct WorldOptions {
  int rank = 0;
  Placement placement;
  MemoryKind memory = MemoryKind::heap;
  /// Longest wait for another worker in one operation, in seconds.
  double timeout_s = 300;
  Patience patience = Patience::yield;
  /// The ranks of the world are carriers of workers; unset: they are the workers.
  std::optional<WorkerBlocks> blocks{};
  /// The ranks are workers, of which carriers of several each run one at a time: the baton of this
  /// worker's carrier, and which workers share one. Unset: all run at the same time.
  std::shared_ptr<Baton> baton{};
  std::optional<WorkerBlocks> shared{};

  /// For messages: "worker 3", or "carrier 1 (workers 15 to 29)".
  std::string name_of(int of) const;
  /// The error of a worker that did not get its turn in time.
  std::string late_turn(int holder) const;
};

/// Each rank of the world has one: each worker, or each carrier. Used by the worker's thread alone.
class World {
 public:
  /// `node`: this node's segment of node_segment_bytes, zeroed before its first worker uses it.
  /// `wire`: null if the world has one node.
  World(WorldOptions options, Segment node, std::unique_ptr<Wire> wire);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int rank() const noexcept { return options_.rank; }
  const Placement& placement() const noexcept { return options_.placement; }
  MemoryKind memory() const noexcept { return options_.memory; }
  double timeout_s() const noexcept { return options_.timeout_s; }
  /// Equal on all workers of a node, so algorithms may be chosen by it.
  Patience patience() const noexcept { return options_.patience; }
  Wire* wire() const noexcept { return wire_.get(); }
  /// This worker's position among the workers of its node, counted from 0.
  int local_rank() const noexcept { return local_rank_; }

  /// See WorldOptions.
  std::string name_of(int rank) const { return options_.name_of(rank); }
  /// For several, such as "workers 1, 2".
  std::string names_of(const std::vector<int>& ranks) const;

  // --- failing together
  /// Reports a failure to all workers of the world. Does not throw or wait. Each worker of a node
  /// then throws WorkerFailure with the text of the first failure that reached the node.
  void fail(const std::string& text) noexcept;
  bool failed() const noexcept { return board_->failed(); }
  /// Throws WorkerFailure with the text on the board if the world has failed.
  void check() const;
  /// Reports that this worker has finished and blocks, without a timeout, until all workers of the
  /// world have. Throws WorkerFailure if one of them fails. So all workers learn how the run ended.
  void finish_together();
  /// The presence of worker `rank` (a world rank), or null if it is on another node.
  Presence* presence(int rank) const noexcept;
  /// Whether `workers` is not empty and all of them are on this node and blocked in a wait.
  bool only_waiters(const std::vector<int>& workers) const;
  Presence& own_presence() const noexcept { return *presence(rank()); }
  /// Whether another worker is known to have finished.
  bool has_returned(int worker) const noexcept;
  /// "; worker 0 waited in barrier 'x' (operation 7)" for the first waiting worker of this node, or
  /// "" if none waits.
  std::string who_waits() const;

  /// Blocks until ready() returns true. `word` must change whenever ready() may have become true.
  /// `describe` returns the name of the operation, and `missing` the world ranks of the workers
  /// that have not arrived, both for errors. `inquire` returns what missing workers are asked.
  /// Throws WorkerFailure if the world fails, if a missing worker has already finished or called
  /// something else, if workers wait for each other, or if none of the missing workers, or of those
  /// whose turn it is on this worker's carrier, gets on for the timeout.
  void wait(WaitWord& word, const std::function<bool()>& ready,
            const std::function<std::string()>& describe,
            const std::function<std::vector<int>()>& missing,
            const std::function<Inquiry()>& inquire = {});
  /// The same for operations that have no word to sleep on. `poll` advances the operation and
  /// returns whether it is complete.
  void wait_polling(const std::function<bool()>& poll, const std::function<std::string()>& describe,
                    const std::function<std::vector<int>()>& missing,
                    const std::function<Inquiry()>& inquire = {});
  /// Lets the other workers of this worker's carrier run, if it shares one: for a program that
  /// polls. Throws WorkerFailure if the world has failed, or as wait() does for the turns.
  void let_others_run();
  /// Those whom other workers may ask about their operations.
  std::vector<const Inquired*>& inquired() noexcept { return inquired_; }

  /// Held while this worker reads or writes other workers' buffers. The constructor throws
  /// WorkerFailure if another worker has aborted an operation, because that worker may free its
  /// buffers. Not recursive.
  class ReadGuard {
   public:
    explicit ReadGuard(World& world);
    ~ReadGuard();
    ReadGuard(const ReadGuard&) = delete;
    ReadGuard& operator=(const ReadGuard&) = delete;

   private:
    World& world_;
  };
  /// Called by a worker that aborts an operation. Returns once no neighbour accesses its buffers,
  /// or after 5 seconds.
  void leave_unread() noexcept;

  /// This worker's operations in progress, in all groups, oldest first. A wait for one of them also
  /// advances the others if other workers may depend on them.
  std::vector<Operation*>& active() noexcept { return active_; }

  VisibleMemory& visible() noexcept { return visible_; }

 private:
  struct Waiting {
    const std::function<bool()>& ready;
    const std::function<std::string()>& describe;
    const std::function<std::vector<int>()>& missing;
    const std::function<Inquiry()>& inquire;
    std::uint64_t number;                  // of this worker's waits
    double since;                          // the last progress of the missing workers
    double asked;                          // the last inquiry
    std::optional<std::uint64_t> pulse{};  // of all these workers, once it has been looked at
  };
  class WaitScope;

  bool ready_soon(const std::function<bool()>& ready, double started) const;
  void check_wait(Waiting& waiting);
  void note_progress(Waiting& waiting) const;
  std::uint64_t pulse_of_carrier(int carrier) const;
  void hear_others();
  void hear_alarm();
  /// Called while this worker waits for its turn. Throws WorkerFailure if the world has failed, or
  /// if the carrier has not got on for the timeout.
  void check_turn(const Baton::Turn& turn);
  Baton::Check turn_check() {
    return [this](const Baton::Turn& turn) { check_turn(turn); };
  }

  // world_inquiries.cpp
  void ask_missing(Waiting& waiting);
  void send(const Inquiry& inquiry, int worker) noexcept;
  void hear_notes();
  void answer(Inquiry& inquiry);
  void pass_on(Inquiry& inquiry);

  WorldOptions options_;
  Segment node_;
  std::unique_ptr<Wire> wire_;
  FailureBoard* board_ = nullptr;
  std::vector<int> locals_;  // world ranks of this node's workers
  int local_rank_ = 0;
  bool alarm_raised_ = false;
  std::vector<Operation*> active_;
  std::vector<const Inquired*> inquired_;
  Waiting* waiting_ = nullptr;  // what this worker waits in, if it does
  std::uint64_t num_waits_ = 0;
  std::uint64_t turn_pulse_ = 0;  // of the carrier, when it was last looked at
  double turn_got_on_ = 0;        // when that had changed
  std::uint64_t num_rounds_ = 0;
  std::map<int, std::uint64_t> passed_on_;  // by origin, the last round of questions
  std::map<int, double> got_on_;    // workers of other nodes, and when they last did, as they say
  std::map<int, double> returned_;  // workers of other nodes that have, and when this was heard
  VisibleMemory visible_;
  std::optional<Pulse> pulse_;
};

}  // namespace dga
