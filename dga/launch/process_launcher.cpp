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
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "dga/base/clock.h"
#include "dga/base/descriptor.h"
#include "dga/base/error.h"
#include "dga/base/process_threads.h"
#include "dga/base/topology.h"
#include "dga/comm/arena/group.h"
#include "dga/comm/arena/node_segment.h"
#include "dga/launch/before_fork.h"
#include "dga/launch/launchers.h"
#include "dga/launch/relaunch.h"
#include "dga/launch/stop_signal.h"
#include "dga/launch/worker_seat.h"

namespace dga {
namespace {

// After a failure the workers have this long to end before they are killed.
constexpr double kGraceSeconds = 0.7;

struct Child {
  int rank = 0;
  pid_t pid = 0;
  int pidfd = -1;
};

WorkerSeat seat_of(const LaunchOptions& options, int rank, Segment node, Segment control) {
  return {.world = {.rank = rank,
                    .placement = Placement::single_node(options.workers),
                    .memory = MemoryKind::mapped,
                    .timeout_s = options.timeout_s,
                    .patience = patience_for(options.workers, usable_cores())},
          .node = std::move(node),
          .control = std::move(control),
          .wire = nullptr};
}

/// Runs the worker in this child process and ends the process. Destructors of static objects and of
/// the program's other objects do not run, because these belong to the parent.
[[noreturn]] void become_worker(const LaunchOptions& options, WorkerSeat seat,
                                const Worker& worker) {
  const int rank = seat.world.rank;
  if (options.pin && seat.world.patience == Patience::spin) {
    pin_to_core(rank);
  }
  const bool done = run_worker(options, Engine::processes, std::move(seat), worker);
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  _exit(done ? 0 : 1);
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
  Watch(std::vector<Child> children, const Segment& node, bool pass_stop_on)
      : children_(std::move(children)),
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
      const bool finished =
          presence_of(node_, children_[i].rank).state() == Presence::State::finished;
      if (!finished || (known && !(info.si_code == CLD_EXITED && info.si_status == 0))) {
        board_.post(str("[launch] worker ", children_[i].rank, " (process ", children_[i].pid, ") ",
                        describe_end(known, info), waiting_for(children_[i].rank)));
      }
      if (children_[i].pidfd >= 0) {
        close(children_[i].pidfd);
      }
      children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  std::string waiting_for(int dead) const {
    for (const Child& child : children_) {
      const std::string waiting = presence_of(node_, child.rank).waiting();
      if (child.rank != dead && !waiting.empty()) {
        return str("; worker ", child.rank, " waited for it in ", waiting);
      }
    }
    return "; no worker waited for it";
  }

  std::vector<Child> children_;
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

void launch_processes(const LaunchOptions& options, const Worker& worker, int index) {
  check_workers(options);
  const int n = options.workers;
  if (const auto seat = relaunch_seat(); seat && seat->launch_index == index) {
    become_worker(options,
                  seat_of(options, seat->rank, Segment::attach(MemoryKind::mapped, seat->node),
                          Segment::attach(MemoryKind::mapped, seat->control)),
                  worker);
  }
  Segment node = Segment::create(MemoryKind::mapped, node_segment_bytes(n), n);
  Segment control = Segment::create(MemoryKind::mapped, Group::control_bytes(n), n);
  usable_cores();  // loads the topology before the fork, so that the children inherit it

  const bool can_fork = options.worker_program.empty() && single_threaded();
  if (can_fork) {
    prepare_fork();
  }
  // Otherwise every child would print what is buffered now.
  std::cout.flush();
  std::fflush(nullptr);
  const pid_t parent = getpid();
  std::vector<Child> children;
  for (int rank = 0; rank < n; ++rank) {
    RelaunchImage image({.rank = rank,
                         .launch_index = options.worker_program.empty() ? index : 0,
                         .node = node.handle(),
                         .control = control.handle()},
                        options.worker_program);
    const pid_t pid = fork();
    if (pid == 0) {
      tie_to_parent(parent);
      if (can_fork) {
        become_worker(options, seat_of(options, rank, std::move(node), std::move(control)), worker);
      }
      image.execute();
    }
    const int pidfd =
        pid > 0 ? above_standard(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) : -1;
    const bool ended_already = pid > 0 && pidfd < 0 && errno == ESRCH;
    if (pidfd < 0 && !ended_already) {
      failure_board_of(node).post(str("[launch] expected ", n, " processes, found room for ", rank,
                                      " (", std::strerror(errno), "). Use fewer workers."));
      if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
      }
      break;
    }
    children.push_back({rank, pid, pidfd});
  }
  Watch(std::move(children), node, !can_fork).run();
  if (failure_board_of(node).failed()) {
    throw WorkerFailure(failure_board_of(node).text());
  }
}

}  // namespace dga
