// SPDX-License-Identifier: Apache-2.0

#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/topology.h"
#include "dga/comm/arena/group.h"
#include "dga/comm/arena/node_segment.h"
#include "dga/launch/launchers.h"
#include "dga/launch/worker_seat.h"

namespace dga {

void launch_threads(const LaunchOptions& options, const Seats& seats, const Worker& worker,
                    Attempt& attempt) {
  const int n = seats.num_ranks();
  const bool own_cores = seats.num_carriers() <= usable_cores();
  // One more holder than ranks: the launcher reads the board after they have ended.
  const Segment node = Segment::create(MemoryKind::heap, node_segment_bytes(n), n + 1);
  const Segment control = Segment::create(MemoryKind::heap, Group::control_bytes(n), n + 1);
  std::vector<std::shared_ptr<Baton>> batons(static_cast<std::size_t>(seats.num_carriers()));
  for (std::shared_ptr<Baton>& baton : batons) {
    baton = seats.are_shared() ? std::make_shared<Baton>() : nullptr;
  }

  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(n));
  for (int rank = 0; rank < n; ++rank) {
    const int carrier = seats.carrier_of(rank);
    const std::shared_ptr<Baton>& baton = batons[static_cast<std::size_t>(carrier)];
    WorkerSeat seat{.world = {.rank = rank,
                              .placement = Placement::single_node(n),
                              .memory = MemoryKind::heap,
                              .timeout_s = options.timeout_s,
                              .patience = patience_for(n, usable_cores())},
                    .node = Segment::attach(MemoryKind::heap, node.handle()),
                    .control = Segment::attach(MemoryKind::heap, control.handle()),
                    .wire = nullptr,
                    .restarts = attempt.number};
    seats.tell(seat.world, baton);
    try {
      threads.emplace_back(
          [&options, &worker, carrier, own_cores, seat = std::move(seat)]() mutable {
            if (own_cores && options.pin) {
              pin_to_core(carrier);
            }
            run_worker(options, Engine::threads, std::move(seat), worker);
          });
    } catch (const std::system_error& error) {
      failure_board_of(node).post(str("[launch] expected ", n, " threads, found room for ", rank,
                                      " (", error.what(), "). Use fewer ", seats.started(), "."));
      break;
    }
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  if (failure_board_of(node).failed()) {
    attempt.steps = steps_on(node, n);
    throw WorkerFailure(failure_board_of(node).text());
  }
}

}  // namespace dga
