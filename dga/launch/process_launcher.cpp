// SPDX-License-Identifier: Apache-2.0
//
// Workers as child processes, forked or executed again. The parent only watches them. It learns of
// a child's death by its pidfd, posts it on the failure board, and gives the others a moment to end
// by themselves before it kills them. Nothing outlives the parent: its children are killed when it
// ends (PR_SET_PDEATHSIG), and their shared memory has no name.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "dga/base/clock.h"
#include "dga/base/descriptor.h"
#include "dga/base/error.h"
#include "dga/base/exception_text.h"
#include "dga/base/process_threads.h"
#include "dga/base/topology.h"
#include "dga/comm/arena/group.h"
#include "dga/comm/arena/node_segment.h"
#include "dga/launch/before_fork.h"
#include "dga/launch/launchers.h"
#include "dga/launch/past_launches.h"
#include "dga/launch/relaunch.h"
#include "dga/launch/stop_signal.h"
#include "dga/launch/worker_seat.h"

namespace dga {
namespace {

// After a failure the workers have this long to end before they are killed.
constexpr double kGraceSeconds = 0.7;

struct Child {
  int carrier = 0;
  pid_t pid = 0;
  int pidfd = -1;
};

/// The seats of a carrier's worker, or workers.
std::vector<WorkerSeat> seats_of(int carrier, const LaunchOptions& options, const Seats& seats,
                                 int restarts, const Segment& node, const Segment& control) {
  const auto baton = seats.are_shared() ? std::make_shared<Baton>() : nullptr;
  const WorkerBlock ranks = seats.ranks_of(carrier);
  std::vector<WorkerSeat> all;
  for (int rank = ranks.first; rank < ranks.end(); ++rank) {
    all.push_back({.world = {.rank = rank,
                             .placement = Placement::single_node(seats.num_ranks()),
                             .memory = MemoryKind::mapped,
                             .timeout_s = options.timeout_s,
                             .patience = patience_for(seats.num_ranks(), usable_cores())},
                   .node = Segment::attach(MemoryKind::mapped, node.handle()),
                   .control = Segment::attach(MemoryKind::mapped, control.handle()),
                   .wire = nullptr,
                   .restarts = restarts});
    seats.tell(all.back().world, baton);
  }
  return all;
}

/// Runs the carrier's worker, or workers, in this child process and ends the process. Destructors
/// of static objects and of the program's other objects do not run, because these belong to the
/// parent.
[[noreturn]] void become_carrier(int carrier, const LaunchOptions& options, const Seats& seats,
                                 int restarts, const Segment& node, const Segment& control,
                                 const Worker& worker) {
  if (options.pin && seats.num_carriers() <= usable_cores()) {
    pin_to_core(carrier);
  }
  bool done = false;
  try {
    std::vector<WorkerSeat> own = seats_of(carrier, options, seats, restarts, node, control);
    done = seats.are_shared()
               ? run_in_turns(options, Engine::processes, std::move(own), node, worker)
               : run_worker(options, Engine::processes, std::move(own.front()), worker);
  } catch (const std::exception& error) {  // no descriptor for a segment
    failure_board_of(node).post(
        str("[launch] ", seats.name_of(carrier), " failed: ", exception_text(error)));
  }
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  _exit(done ? 0 : 1);
}

/// What a process that was executed as a worker does in the first launch that it runs.
[[noreturn]] void become_executed_carrier(const RelaunchSeat& seat, const LaunchOptions& options,
                                          const Seats& seats, const Worker& worker) {
  const Segment node = Segment::attach(MemoryKind::mapped, seat.node);
  const Segment control = Segment::attach(MemoryKind::mapped, seat.control);
  if (seat.launch_index != launch_index()) {
    failure_board_of(node).post(
        str("[launch] ", seats.name_of(seat.rank), " failed: expected its program to come to call ",
            seat.launch_index + 1, " of launch with the engine processes, found call ",
            launch_index() + 1, ". Make the same calls of launch in the workers."));
    _exit(1);
  }
  become_carrier(seat.rank, options, seats, seat.restarts, node, control, worker);
}

/// `known`: whether the system still had the child's exit status.
std::string describe_end(bool known, const siginfo_t& info) {
  if (!known) {
    return "ended before its work was done; how is unknown, because this program ignores SIGCHLD "
           "or "
           "waits for children itself";
  }
  if (info.si_code == CLD_EXITED) {
    return str("exited with code ", info.si_status, " before its work was done");
  }
  return str("was killed by signal ", info.si_status, " (", strsignal(info.si_status), ")");
}

/// By pidfd: its number may belong to another process once somebody else has waited for the child.
void send_signal(const Child& child, int number) {
  if (child.pidfd >= 0) {
    syscall(SYS_pidfd_send_signal, child.pidfd, number, nullptr, 0);
  }
}

/// Watches the children until all have ended, and posts deaths on the failure board of `node`.
class Watch {
 public:
  /// `pass_stop_on`: the children do not share this process's StopSignal, so its signal is
  /// forwarded to them.
  Watch(std::vector<Child> children, const Seats& seats, const Segment& node, bool pass_stop_on)
      : children_(std::move(children)),
        seats_(seats),
        node_(node),
        board_(failure_board_of(node)),
        pass_stop_on_(pass_stop_on) {}

  void run() {
    double failed_at = 0;
    while (!children_.empty()) {
      if (board_.failed() && failed_at == 0) {
        failed_at = now_seconds();
      }
      if (failed_at > 0 && now_seconds() - failed_at > kGraceSeconds) {
        for (const Child& child : children_) {
          send_signal(child, SIGKILL);
        }
      }
      if (pass_stop_on_ && StopSignal::requested()) {
        pass_stop_on_ = false;
        for (const Child& child : children_) {
          send_signal(child, StopSignal::signal_number());
        }
      }
      std::vector<pollfd> polls;
      for (const Child& child : children_) {
        polls.push_back({child.pidfd, POLLIN, 0});
      }
      poll(polls.data(), polls.size(), 100);
      reap();
    }
  }

 private:
  void reap() {
    for (std::size_t i = 0; i < children_.size();) {
      siginfo_t info{};
      const int result =
          waitid(P_PID, static_cast<id_t>(children_[i].pid), &info, WEXITED | WNOHANG);
      if (result == 0 && info.si_pid == 0) {
        ++i;
        continue;
      }
      // Where SIGCHLD is ignored, or the program waits for any child, the status is gone: then only
      // what the worker itself has said last is known.
      const bool known = result == 0;
      if (!has_finished(children_[i].carrier) ||
          (known && !(info.si_code == CLD_EXITED && info.si_status == 0))) {
        board_.post(str("[launch] ", seats_.name_of(children_[i].carrier), " (process ",
                        children_[i].pid, ") ", describe_end(known, info),
                        waiting_for(children_[i].carrier)));
      }
      if (children_[i].pidfd >= 0) {
        close(children_[i].pidfd);
      }
      children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  bool has_finished(int carrier) const {
    const WorkerBlock ranks = seats_.ranks_of(carrier);
    for (int rank = ranks.first; rank < ranks.end(); ++rank) {
      if (presence_of(node_, rank).state() != Presence::State::finished) {
        return false;
      }
    }
    return true;
  }

  std::string waiting_for(int dead) const {
    for (const Child& child : children_) {
      const WorkerBlock ranks = seats_.ranks_of(child.carrier);
      for (int rank = ranks.first; rank < ranks.end() && child.carrier != dead; ++rank) {
        const std::string waiting = presence_of(node_, rank).waiting();
        if (!waiting.empty()) {
          return str("; ", seats_.are_shared() ? str("worker ", rank) : seats_.name_of(rank),
                     " waited for it in ", waiting);
        }
      }
    }
    return "; no worker waited for it";
  }

  std::vector<Child> children_;
  const Seats& seats_;
  const Segment& node_;
  FailureBoard& board_;
  bool pass_stop_on_;
};

/// Called first in a child: lets the kernel kill it when its parent ends, for whatever reason.
void tie_to_parent(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) {
    _exit(1);
  }
}

}  // namespace

void launch_processes(const LaunchOptions& options, const Seats& seats, const Worker& worker,
                      Attempt& attempt) {
  const int n = seats.num_carriers();
  if (const auto seat = relaunch_seat(); seat) {
    become_executed_carrier(*seat, options, seats, worker);
  }
  const int ranks = seats.num_ranks();
  const Segment node = Segment::create(MemoryKind::mapped, node_segment_bytes(ranks), ranks);
  const Segment control = Segment::create(MemoryKind::mapped, Group::control_bytes(ranks), ranks);
  usable_cores();  // loads the topology before the fork, so that the children inherit it

  const bool can_fork = options.worker_program.empty() && single_threaded();
  if (can_fork) {
    prepare_fork();
  }
  // Otherwise every child would print what is buffered now.
  std::cout.flush();
  std::fflush(nullptr);
  const std::string past = past_launches();
  Segment told = Segment::create(MemoryKind::mapped, std::ssize(past), 1);
  std::memcpy(told.data(), past.data(), past.size());
  const pid_t parent = getpid();
  std::vector<Child> children;
  for (int carrier = 0; carrier < n; ++carrier) {
    RelaunchImage image({.rank = carrier,
                         .launch_index = options.worker_program.empty() ? launch_index() : 0,
                         .restarts = attempt.number,
                         .node = node.handle(),
                         .control = control.handle(),
                         .past = told.handle()},
                        options.worker_program);
    const pid_t pid = fork();
    if (pid == 0) {
      tie_to_parent(parent);
      if (can_fork) {
        become_carrier(carrier, options, seats, attempt.number, node, control, worker);
      }
      image.execute();
    }
    const int pidfd =
        pid > 0 ? above_standard(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) : -1;
    const bool ended_already = pid > 0 && pidfd < 0 && errno == ESRCH;
    if (pidfd < 0 && !ended_already) {
      failure_board_of(node).post(str("[launch] expected ", n, " processes, found room for ",
                                      carrier, " (", std::strerror(errno), "). Use fewer ",
                                      seats.started(), "."));
      if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
      }
      break;
    }
    children.push_back({carrier, pid, pidfd});
  }
  Watch(std::move(children), seats, node, !can_fork).run();
  if (failure_board_of(node).failed()) {
    attempt.steps = steps_on(node, ranks);
    throw WorkerFailure(failure_board_of(node).text());
  }
}

}  // namespace dga
