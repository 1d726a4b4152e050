// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/arena/world.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/comm/arena/node_segment.h"

namespace dga {
namespace {

// How long a sleeper stays away from the failure board: 20 looks a second cost nothing, and keep
// "within a second" honest.
constexpr double kSliceSeconds = 0.05;
// A neighbour that waits itself, for instance for a lost host, knows better whose fault it is: it
// has this long to say so before it is blamed. In a circle somebody speaks when it is over.
constexpr double kGraceSeconds = 1;
// A spinning wait of about this long costs less than a sleep and a wake-up.
constexpr double kSpinSeconds = 200e-6;
// Each lets the neighbours on this core run, and a waiting worker that has yielded to all of them
// finds its wait over more often than not: 30 workers on 2 cores step 1.2 times as fast as with
// sleeping at once. More would keep the cores from work that takes longer.
constexpr int kYields = 20;

std::string list_workers(const std::vector<int>& workers) {
  std::string text = workers.size() == 1 ? "worker" : "workers";
  for (std::size_t i = 0; i < workers.size(); ++i) {
    text += str(i == 0 ? " " : ", ", workers[i]);
  }
  return workers.empty() ? "nobody" : text;
}

}  // namespace

World::World(WorldOptions options, Segment node, std::unique_ptr<Wire> wire)
    : options_(std::move(options)),
      node_(std::move(node)),
      wire_(std::move(wire)),
      visible_(options_.memory) {
  const int my_node = placement().node_of.at(static_cast<std::size_t>(rank()));
  locals_ = placement().workers_of(my_node);
  local_rank_ =
      static_cast<int>(std::find(locals_.begin(), locals_.end(), rank()) - locals_.begin());
  board_ = &failure_board_of(node_);
  own_presence().set_state(Presence::State::running);
}

World::~World() {
  if (wire_ && failed()) {
    wire_->abandon();
  }
}

Presence* World::presence(int rank) const noexcept {
  const auto found = std::find(locals_.begin(), locals_.end(), rank);
  return found == locals_.end() ? nullptr
                                : &presence_of(node_, static_cast<int>(found - locals_.begin()));
}

bool World::only_waiters(const std::vector<int>& workers) const {
  return !workers.empty() && std::all_of(workers.begin(), workers.end(), [&](int worker) {
    const Presence* neighbour = presence(worker);
    return neighbour != nullptr && !neighbour->waiting().empty();
  });
}

void World::fail(const std::string& text) noexcept {
  board_->post(text);
  if (wire_ && !alarm_raised_) {
    alarm_raised_ = true;
    try {
      wire_->raise_alarm(board_->text());
    } catch (const std::exception&) {
      // Nothing is left to tell them with: the other nodes find out by their timeout.
    }
  }
}

void World::check() const {
  if (board_->failed()) {
    throw WorkerFailure(board_->text());
  }
}

std::string World::who_waits() const {
  for (std::size_t i = 0; i < locals_.size(); ++i) {
    const std::string waiting = presence_of(node_, static_cast<int>(i)).waiting();
    if (!waiting.empty()) {
      return str("; worker ", locals_[i], " waited in ", waiting);
    }
  }
  return {};
}

void World::poll_alarm() noexcept {
  if (!wire_ || alarm_raised_) {
    return;
  }
  if (board_->failed()) {  // posted by a neighbour or a launcher: pass it on
    fail(board_->text());
  } else if (const auto alarm = wire_->poll_alarm()) {
    alarm_raised_ = true;
    board_->post(*alarm);
  }
}

void World::check_wait(double started, const std::function<bool()>& ready,
                       const std::function<std::string()>& describe,
                       const std::function<std::vector<int>()>& missing) {
  poll_alarm();
  check();
  const double waited = now_seconds() - started;
  if (waited > timeout_s() && (waited > timeout_s() + kGraceSeconds || !only_waiters(missing()))) {
    fail(str("[comm] ", describe(), " on worker ", rank(), " waited ", timeout_s(), " s for ",
             list_workers(missing()), ". Raise --timeout if such waits are expected."));
    check();
  }
  for (const int local : locals_) {
    if (local == rank() || presence(local)->state() != Presence::State::finished) {
      continue;
    }
    // It may have returned after its part of this operation: then nobody misses it. What it did
    // last is visible now that its state is, hence the second look.
    const std::vector<int> absent = missing();
    if (std::find(absent.begin(), absent.end(), local) != absent.end() && !ready()) {
      fail(str("[comm] worker ", local, " has returned, but worker ", rank(), " waits for it in ",
               describe(), ". Call the same collectives on every worker."));
      check();
    }
  }
}

void World::finish_together() {
  own_presence().set_state(Presence::State::finished);
  const auto neighbours_finished = [&] {
    return std::all_of(locals_.begin(), locals_.end(), [&](int local) {
      return presence(local)->state() == Presence::State::finished;
    });
  };
  // No timeout: the others may compute for as long as they like. Whoever dies or fails is posted on
  // the board, by the watch of his neighbours or by himself. Said once for the wire, when the node
  // is through, so that a failure of a neighbour is never hidden behind a finished worker.
  while (!neighbours_finished() || (wire_ && !wire_->test_all_ended())) {
    poll_alarm();
    check();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  check();
}

bool World::ready_soon(const std::function<bool()>& ready, double started) const {
  if (options_.patience == Patience::yield) {
    for (int i = 0; i < kYields; ++i) {
      sched_yield();
      if (ready()) {
        return true;
      }
    }
    return false;
  }
  do {
    for (int i = 0; i < 64; ++i) {
      if (ready()) {
        return true;
      }
      cpu_relax();
    }
  } while (now_seconds() - started < kSpinSeconds);
  return false;
}

void World::wait(WaitWord& word, const std::function<bool()>& ready,
                 const std::function<std::string()>& describe,
                 const std::function<std::vector<int>()>& missing) {
  if (ready()) {
    return;
  }
  const double started = now_seconds();
  if (ready_soon(ready, started)) {
    return;
  }
  own_presence().set_waiting(describe());
  while (true) {
    const std::uint32_t seen = word.load();
    if (ready()) {
      break;
    }
    word.sleep(seen, std::min(kSliceSeconds, timeout_s()));
    if (ready()) {
      break;
    }
    // Looked at once a slice, or once an early wake-up: never on the fast path.
    check_wait(started, ready, describe, missing);
  }
  own_presence().set_waiting("");
}

void World::wait_polling(const std::function<bool()>& poll,
                         const std::function<std::string()>& describe,
                         const std::function<std::vector<int>()>& missing) {
  if (poll()) {
    return;
  }
  const double started = now_seconds();
  own_presence().set_waiting(describe());
  double looked = started;
  while (!poll()) {
    const double now = now_seconds();
    if (now - started < 20e-6) {
      cpu_relax();
    } else if (now - started < 1e-3) {
      sched_yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
    if (now - looked > kSliceSeconds) {
      looked = now;
      check_wait(started, poll, describe, missing);
    }
  }
  own_presence().set_waiting("");
}

World::ReadGuard::ReadGuard(World& world) : world_(world) {
  Presence& own = world.own_presence();
  own.reading.store(1, std::memory_order_seq_cst);
  if (leavers_of(world.node_).load(std::memory_order_seq_cst) == 0 && !world.board_->failed()) {
    return;
  }
  own.reading.store(0, std::memory_order_seq_cst);
  // The one who leaves is about to say why.
  for (int i = 0; i < 1000 && !world.board_->failed(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  world.check();
  throw WorkerFailure("[comm] a worker left an operation unfinished and did not say why.");
}

World::ReadGuard::~ReadGuard() {
  world_.own_presence().reading.store(0, std::memory_order_seq_cst);
}

void World::leave_unread() noexcept {
  if (memory() == MemoryKind::mapped) {
    return;  // readers hold mappings of their own, and one that was killed never lowers its flag
  }
  leavers_of(node_).fetch_add(1, std::memory_order_seq_cst);
  const double started = now_seconds();
  for (std::size_t i = 0; i < locals_.size(); ++i) {
    if (static_cast<int>(i) == local_rank_) {
      continue;
    }
    const Presence& other = presence_of(node_, static_cast<int>(i));
    // A reader is busy for as long as a memory copy takes.
    while (other.reading.load(std::memory_order_seq_cst) != 0 && now_seconds() - started < 5) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }
}

}  // namespace dga
