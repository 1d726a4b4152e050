// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/worker_seat.h"

#include <atomic>
#include <memory>
#include <numeric>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/base/exception_text.h"
#include "dga/comm/arena/group.h"
#include "dga/comm/arena/node_segment.h"

namespace dga {
namespace {

/// Throws WorkerFailure if the run has failed, or if the worker has waited for its first turn for
/// the timeout. Its world, which is not there yet, looks after its other turns.
void check_first_turn(const WorkerSeat& seat, const Baton::Turn& turn) {
  const FailureBoard& board = failure_board_of(seat.node);
  if (board.failed()) {
    throw WorkerFailure(board.text());
  }
  if (now_seconds() - turn.since > seat.world.timeout_s) {
    throw WorkerFailure(seat.world.late_turn(turn.holder));
  }
}

}  // namespace

bool run_worker(const LaunchOptions& options, Engine engine, WorkerSeat seat, const Worker& worker,
                const AroundWorker& around) noexcept {
  const int rank = seat.world.rank;
  const std::shared_ptr<Baton> baton = seat.world.baton;
  std::optional<Baton::Hold> turn;
  std::string name;
  std::shared_ptr<World> world;
  const auto fail = [&](const std::string& what) {
    if (world == nullptr) {  // the worker has not joined
      failure_board_of(seat.node).post(str("[launch] ", name, " failed: ", what));
    } else if (!world->failed()) {
      const std::string waits = world->who_waits();
      const bool goes_on = !waits.empty() && what.ends_with('.');
      world->fail(str("[launch] ", name,
                      " failed: ", goes_on ? what.substr(0, what.size() - 1) : what, waits));
    }
  };
  try {
    name = seat.world.name_of(rank);
    if (baton != nullptr) {
      turn.emplace(*baton, rank, [&](const Baton::Turn& other) { check_first_turn(seat, other); });
    }
    const WorkerBlocks blocks = seat.world.blocks.value_or(
        WorkerBlocks(seat.world.placement.num_workers(), seat.world.placement.num_workers()));
    std::vector<int> everybody(static_cast<std::size_t>(seat.world.placement.num_workers()));
    std::iota(everybody.begin(), everybody.end(), 0);
    auto group_wire = seat.wire ? seat.wire->split(0, rank) : nullptr;
    world =
        std::make_shared<World>(std::move(seat.world), std::move(seat.node), std::move(seat.wire));
    const auto group = std::make_shared<Group>(world, std::move(everybody), std::move(seat.control),
                                               std::move(group_wire));
    {
      Environment environment(options, engine, Communicator(group), blocks, seat.restarts);
      const auto work = [&] { worker(environment); };
      if (around) {
        around(work, fail);
      } else {
        work();
      }
    }
    if (engine == Engine::mpi) {
      world->finish_together();  // no launcher waits for the ranks of a run
    } else {
      world->own_presence().set_state(Presence::State::finished);
    }
    return true;
  } catch (const std::exception& error) {
    fail(exception_text(error));
  } catch (...) {
    fail("it threw an object that is not a std::exception.");
  }
  return false;
}

bool run_in_turns(const LaunchOptions& options, Engine engine, std::vector<WorkerSeat> seats,
                  const Segment& node, const Worker& worker) {
  std::atomic<bool> done = true;  // relaxed: read after the threads have been joined
  std::vector<std::thread> threads;
  try {
    for (WorkerSeat& each : seats) {
      threads.emplace_back([&options, &worker, &done, engine, seat = std::move(each)]() mutable {
        if (!run_worker(options, engine, std::move(seat), worker)) {
          done.store(false, std::memory_order_relaxed);
        }
      });
    }
  } catch (const std::system_error& error) {
    failure_board_of(node).post(str("[launch] expected a thread for each of ", seats.size(),
                                    " workers of a carrier, found room for ", threads.size(), " (",
                                    error.what(), "). Use fewer workers."));
    done.store(false, std::memory_order_relaxed);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  return done.load(std::memory_order_relaxed);
}

}  // namespace dga
