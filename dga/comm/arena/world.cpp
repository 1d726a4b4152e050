// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/arena/world.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/comm/arena/node_segment.h"

namespace dga {
namespace {

// A worker that sleeps checks the failure board this often. 20 checks a second cost next to
// nothing, and failures are noticed well within a second.
constexpr double kSliceSeconds = 0.05;
// A missing neighbour that is waiting itself, for instance for a lost host, knows better which
// worker is at fault. It gets this much longer to report before it is blamed. If workers wait for
// each other in a circle, one of them reports when this time is over.
constexpr double kGraceSeconds = 1;
// Spinning for about this long costs less than a sleep and a wake-up.
constexpr double kSpinSeconds = 200e-6;
// Each yield lets the other workers on this core run. After a worker has yielded to all of them its
// wait is over more often than not: 30 workers on 2 cores step 1.2 times as fast as when they sleep
// at once. More yields would take cores from longer computations.
constexpr int kYields = 20;

}  // namespace

/// While it lives, this worker waits in something.
class World::WaitScope {
 public:
  WaitScope(World& world, Waiting& waiting) : world_(world) {
    world.own_presence().set_waiting(waiting.describe());
    world.waiting_ = &waiting;
  }
  ~WaitScope() { world_.waiting_ = nullptr; }
  WaitScope(const WaitScope&) = delete;
  WaitScope& operator=(const WaitScope&) = delete;

 private:
  World& world_;
};

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
  pulse_.emplace(&own_presence().pulse);
}

World::~World() {
  // The answer to a question may still be under way.
  if (wire_ && (failed() || num_rounds_ > 0)) {
    wire_->abandon();
  }
}

Presence* World::presence(int rank) const noexcept {
  const auto found = std::find(locals_.begin(), locals_.end(), rank);
  return found == locals_.end() ? nullptr
                                : &presence_of(node_, static_cast<int>(found - locals_.begin()));
}

std::string WorldOptions::name_of(int of) const {
  return blocks ? blocks->name_of(of) : str("worker ", of);
}

std::string WorldOptions::late_turn(int holder) const {
  return str("[comm] ", name_of(rank), " waited ", timeout_s, " s for its turn, while ",
             name_of(holder),
             " of the same carrier computed. Raise --timeout if such waits are expected.");
}

std::string World::names_of(const std::vector<int>& ranks) const {
  if (ranks.empty()) {
    return "no worker";
  }
  if (ranks.size() == 1) {
    return name_of(ranks.front());
  }
  std::string text = options_.blocks ? "carriers" : "workers";
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    text += str(i == 0 ? " " : ", ", ranks[i]);
  }
  return text;
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
      // There is no other way to reach the other nodes: they fail at their timeout.
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
      return str("; ", name_of(locals_[i]), " waited in ", waiting);
    }
  }
  return {};
}

void World::hear_alarm() {
  if (wire_ && !alarm_raised_) {
    if (board_->failed()) {  // posted by a neighbour or the launcher: tell the other nodes
      fail(board_->text());
    } else if (const auto alarm = wire_->poll_alarm()) {
      alarm_raised_ = true;
      board_->post(*alarm);
    }
  }
}

void World::hear_others() {
  hear_alarm();
  if (!board_->failed()) {
    hear_notes();
  }
}

/// Of all workers of a carrier: while one of them runs, the others get nearer to their turns.
/// Workers share carriers on one node only, so their numbers are their positions there.
std::uint64_t World::pulse_of_carrier(int carrier) const {
  std::uint64_t pulse = 0;
  const WorkerBlock block = options_.shared->of(carrier);
  for (int each = block.first; each < block.end(); ++each) {
    pulse += presence_of(node_, each).pulse.load(std::memory_order_relaxed);
  }
  return pulse;
}

void World::note_progress(Waiting& waiting) const {
  std::uint64_t pulse = own_presence().pulse.load(std::memory_order_relaxed);
  double got_on = 0;
  int last_carrier = -1;  // whose pulse was added; the missing workers are in ascending order
  for (const int worker : waiting.missing()) {
    if (const Presence* neighbour = presence(worker)) {
      const int carrier = options_.shared ? options_.shared->carrier_of(worker) : -1;
      if (!options_.shared) {
        pulse += neighbour->pulse.load(std::memory_order_relaxed);
      } else if (carrier != last_carrier) {
        pulse += pulse_of_carrier(carrier);
        last_carrier = carrier;
      }
      got_on = std::max(got_on, neighbour->got_on.load(std::memory_order_relaxed));
    } else if (const auto heard = got_on_.find(worker); heard != got_on_.end()) {
      got_on = std::max(got_on, heard->second);
    }
  }
  if (waiting.pulse && pulse != *waiting.pulse) {
    got_on = now_seconds();
  }
  waiting.pulse = pulse;
  // Only times at which something moved are handed on, so workers that wait for each other do not
  // keep each other waiting.
  waiting.since = std::max(waiting.since, got_on);
  std::atomic<double>& own = own_presence().got_on;
  own.store(std::max(own.load(std::memory_order_relaxed), got_on), std::memory_order_relaxed);
}

void World::check_turn(const Baton::Turn& turn) {
  hear_alarm();
  check();
  if (const std::uint64_t pulse = pulse_of_carrier(options_.shared->carrier_of(rank()));
      pulse != turn_pulse_) {
    turn_pulse_ = pulse;
    turn_got_on_ = now_seconds();
  }
  // Those who wait in an operation know better what is wrong.
  if (now_seconds() - std::max(turn.since, turn_got_on_) > timeout_s() + kGraceSeconds) {
    fail(options_.late_turn(turn.holder));
    check();
  }
}

void World::check_wait(Waiting& waiting) {
  hear_others();
  check();
  note_progress(waiting);
  ask_missing(waiting);
  const auto& missing = waiting.missing;
  const double waited = now_seconds() - waiting.since;
  if (waited > timeout_s() && (waited > timeout_s() + kGraceSeconds || !only_waiters(missing()))) {
    fail(str("[comm] ", waiting.describe(), " on ", name_of(rank()), " waited ", timeout_s(),
             " s for ", names_of(missing()), ". Raise --timeout if such waits are expected."));
    check();
  }
  for (const int worker : missing()) {
    if (!has_returned(worker)) {
      continue;
    }
    // It may have finished after its part of this operation, and then it is not missing. Since its
    // state is visible (acquire), so is everything that it did before: the second call of ready()
    // therefore sees its arrival.
    const std::vector<int> absent = missing();
    if (std::find(absent.begin(), absent.end(), worker) != absent.end() && !waiting.ready()) {
      fail(str("[comm] ", name_of(worker), " has returned, but ", name_of(rank()),
               " waits for it in ", waiting.describe(),
               ". Call the same collectives on every worker."));
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
  // No timeout, because the other workers may compute for any length of time. A worker that fails
  // posts that on the board itself; a worker that dies is posted by its neighbours' SiblingWatch.
  // The wire is told once all workers of the node have finished, so that no other node takes this
  // node as finished while a worker of it may still fail.
  Baton::Rest rest(options_.baton.get(), rank(), turn_check());
  while (!neighbours_finished() || (wire_ && !wire_->test_all_ended())) {
    hear_others();
    check();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  check();
  rest.end();
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
                 const std::function<std::vector<int>()>& missing,
                 const std::function<Inquiry()>& inquire) {
  if (ready()) {
    return;
  }
  const double started = now_seconds();
  if (options_.baton == nullptr && ready_soon(ready, started)) {
    return;
  }
  Waiting waiting{ready, describe, missing, inquire, num_waits_++, started, started};
  const WaitScope scope(*this, waiting);
  Baton::Rest rest(options_.baton.get(), rank(), turn_check());
  while (true) {
    const std::uint32_t seen = word.load();
    if (ready()) {
      break;
    }
    word.sleep(seen, std::min(kSliceSeconds, timeout_s()));
    if (ready()) {
      break;
    }
    // Runs once per slice or early wake-up, never on the fast path.
    check_wait(waiting);
  }
  own_presence().set_waiting("");
  rest.end();
}

void World::wait_polling(const std::function<bool()>& poll,
                         const std::function<std::string()>& describe,
                         const std::function<std::vector<int>()>& missing,
                         const std::function<Inquiry()>& inquire) {
  if (poll()) {
    return;
  }
  const double started = now_seconds();
  Waiting waiting{poll, describe, missing, inquire, num_waits_++, started, started};
  const WaitScope scope(*this, waiting);
  Baton::Rest rest(options_.baton.get(), rank(), turn_check());
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
      check_wait(waiting);
    }
  }
  own_presence().set_waiting("");
  rest.end();
}

void World::let_others_run() {
  if (options_.baton != nullptr) {
    check();
    Baton::Rest(options_.baton.get(), rank(), turn_check()).end();
  }
}

World::ReadGuard::ReadGuard(World& world) : world_(world) {
  Presence& own = world.own_presence();
  own.reading.store(1, std::memory_order_seq_cst);
  if (leavers_of(world.node_).load(std::memory_order_seq_cst) == 0 && !world.board_->failed()) {
    return;
  }
  own.reading.store(0, std::memory_order_seq_cst);
  // The worker that leaves is about to post the reason.
  for (int i = 0; i < 1000 && !world.board_->failed(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  world.check();
  throw WorkerFailure(
      "[comm] a worker left an operation unfinished without reporting a failure. See the output of "
      "the workers.");
}

World::ReadGuard::~ReadGuard() {
  world_.own_presence().reading.store(0, std::memory_order_seq_cst);
}

void World::leave_unread() noexcept {
  if (memory() == MemoryKind::mapped) {
    return;  // readers have mappings of their own, and the flag of a killed reader stays raised
  }
  leavers_of(node_).fetch_add(1, std::memory_order_seq_cst);
  const double started = now_seconds();
  for (std::size_t i = 0; i < locals_.size(); ++i) {
    if (static_cast<int>(i) == local_rank_) {
      continue;
    }
    const Presence& other = presence_of(node_, static_cast<int>(i));
    // A reader keeps its flag raised for the time of a copy or reduction.
    while (other.reading.load(std::memory_order_seq_cst) != 0 && now_seconds() - started < 5) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }
}

}  // namespace dga
