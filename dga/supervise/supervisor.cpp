// SPDX-License-Identifier: Apache-2.0

#include "dga/supervise/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <utility>

#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/base/log.h"
#include "dga/base/random.h"
#include "dga/base/topology.h"
#include "dga/launch/launched_rank.h"
#include "dga/launch/restarts.h"
#include "dga/launch/supervised.h"
#include "dga/supervise/answering_hosts.h"
#include "dga/supervise/host_file.h"
#include "dga/supervise/launcher_process.h"
#include "dga/supervise/message_filter.h"
#include "dga/supervise/rank_command.h"
#include "dga/supervise/signal_queue.h"

namespace dga {
namespace {

// A launcher needs a moment to end the other ranks after a failure. One that cannot reach a node
// waits forever.
constexpr double kSecondsToEnd = 5;
constexpr double kSecondsBetweenLooks = 1;
// Rank 0 gives a sign of life each second while the workers run.
constexpr double kSecondsOfSilence = 30;
// A job that was asked to move and has not ended then does not listen.
constexpr double kSecondsToMove = 120;
constexpr int kWrongUsage = 2;
constexpr int kPreempted = 3;

class Supervisor {
 public:
  explicit Supervisor(const JobOptions& options)
      : options_(options), file_(options.hostfile), restarts_(options.max_restarts) {
    const auto pid = static_cast<std::uint64_t>(getpid());
    job_.job =
        str(std::hex, RandomStream(pid ^ static_cast<std::uint64_t>(now_seconds() * 1e9)).next());
  }

  int run() {
    file_.read();
    hosts_ = file_.hosts();
    while (true) {
      const int code = run_once();
      if (ends(code)) {
        return code;
      }
    }
  }

 private:
  /// One start of the program. Returns its exit code.
  int run_once() {
    carriers_ = number_of_carriers();
    reached_ = {.number = failures_};
    error_.clear();
    has_joined_ = false;
    has_stepped_ = false;
    asked_at_ = failed_at_ = heard_at_ = 0;
    is_terminated_ = false;
    next_hosts_.reset();
    LauncherProcess launcher(
        rank_command(options_.launcher, carriers_, has_hosts(), job_, options_.program),
        to_text(hosts_), LauncherProcess::Input::passed_on);
    MessageFilter filter(job_.job);
    double next_look = now_seconds() + kSecondsBetweenLooks;
    while (!launcher.status()) {
      std::array<pollfd, 2> polls{
          {{signals_.descriptor(), POLLIN, 0}, {launcher.errors(), POLLIN, 0}}};
      poll(polls.data(), polls.size(), 100);
      serve(launcher, filter);
      if (now_seconds() >= next_look) {
        wants_hosts_ = file_.has_changed() || wants_hosts_;
        next_look = now_seconds() + kSecondsBetweenLooks;
      }
      ask(launcher, filter);
      end_if_late(launcher);
    }
    pass_on(launcher.read_errors(), filter);
    show(filter.rest());
    job_.restarts += has_joined_ ? 1 : 0;
    ended_at_ = now_seconds();
    return exit_code_of(*launcher.status());
  }

  bool has_hosts() const noexcept { return !options_.hostfile.empty(); }

  /// Shows what the ranks have written, and takes their messages and the signals.
  void serve(LauncherProcess& launcher, MessageFilter& filter) {
    pass_on(launcher.read_errors(), filter);
    for (int number = 0; (number = signals_.next()) != 0;) {
      take(number, launcher);
    }
  }

  int number_of_carriers() const {
    const int room = has_hosts() ? slots_of(hosts_) : std::max(options_.carriers, usable_cores());
    const int wanted = std::min(
        {options_.carriers > 0 ? options_.carriers : room, room, workers_ > 0 ? workers_ : room});
    if (wanted < options_.min_carriers) {
      throw WorkerFailure(str("[launch] min-carriers: expected room for ", options_.min_carriers,
                              " carriers or more on the hosts that answer, found room for ", room,
                              ". ", error_));
    }
    return wanted;
  }

  void pass_on(const std::string& text, MessageFilter& filter) {
    std::vector<SupervisorMessage> messages;
    show(filter.feed(text, messages));
    for (const SupervisorMessage& message : messages) {
      take(message);
    }
  }

  static void show(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
      if (written <= 0) {
        return;  // nobody reads it
      }
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void take(const SupervisorMessage& message) {
    heard_at_ = now_seconds();
    switch (message.kind) {
      case SupervisorMessage::Kind::workers:
        workers_ = static_cast<int>(std::clamp<std::int64_t>(message.number, 1, 1 << 20));
        heard_at_ = 0;
        return;
      case SupervisorMessage::Kind::joined:
        has_joined_ = true;
        reached_.steps = 0;  // another launch of the program
        return;
      case SupervisorMessage::Kind::ended:
        heard_at_ = 0;
        return;
      case SupervisorMessage::Kind::steps:
        // The first number may be that of a checkpoint that was loaded.
        if (message.number > 0 && message.number != reached_.steps &&
            std::exchange(has_stepped_, true) && ended_at_ > 0) {
          log_warning("[launch] The first step came ", rounded(now_seconds() - ended_at_),
                      " s after the last start had ended.");
          ended_at_ = 0;
        }
        break;
      case SupervisorMessage::Kind::failed:
        if (failed_at_ == 0) {
          failed_at_ = now_seconds();
          error_ = message.text;
        }
        break;
    }
    reached_.steps = std::max(reached_.steps, message.number);
  }

  static std::string rounded(double seconds) {
    return str(static_cast<std::int64_t>(seconds), '.', static_cast<int>(seconds * 10) % 10);
  }

  void take(int signal_number, const LauncherProcess& launcher) {
    if (signal_number == SIGUSR1) {
      wants_hosts_ = true;
    } else if (signal_number != SIGCHLD) {
      if (std::exchange(stops_, true)) {
        terminate(launcher);
        failed_at_ = failed_at_ > 0 ? failed_at_ : now_seconds();
      }
    }
  }

  /// Once: a launcher may take a second one as leave to forget ranks on other hosts.
  void terminate(const LauncherProcess& launcher) {
    if (!std::exchange(is_terminated_, true)) {
      launcher.signal(SIGTERM);
    }
  }

  /// Asks the ranks for a checkpoint and their end, once, if there is a reason. Before they have
  /// met they have nothing to save.
  void ask(LauncherProcess& launcher, MessageFilter& filter) {
    if (next_hosts_ && now_seconds() - asked_at_ > kSecondsToMove) {
      log_warning("[launch] The job has not ended ", kSecondsToMove,
                  " s after SIGUSR1. It goes on on its old hosts.");
      next_hosts_.reset();
      asked_at_ = 0;
    }
    if (!stops_ && wants_hosts_ && has_joined_ && asked_at_ == 0 && failed_at_ == 0) {
      find_other_hosts([&] {
        serve(launcher, filter);
        return !stops_ && failed_at_ == 0 && !launcher.status();
      });
    }
    if ((stops_ || next_hosts_) && asked_at_ == 0 && failed_at_ == 0) {
      asked_at_ = now_seconds();
      if (has_joined_) {
        launcher.signal(SIGUSR1);
      } else {
        terminate(launcher);
      }
    }
  }

  /// Sets next_hosts_ if the job is to go on on other hosts.
  void find_other_hosts(const std::function<bool()>& meanwhile) {
    wants_hosts_ = false;
    std::vector<Host> found;
    try {
      found = answering_hosts(file_.hosts(), options_.launcher, meanwhile);
    } catch (const Error& error) {
      log_warning(error.what(), " The job goes on on its old hosts.");
      return;
    }
    if (!meanwhile()) {
      return;
    }
    if (found == hosts_) {
      log_warning("[launch] The hosts are the same: the job goes on.");
    } else if (slots_of(found) < options_.min_carriers) {
      log_warning("[launch] min-carriers: expected room for ", options_.min_carriers,
                  " carriers or more, found hosts with ", slots_of(found),
                  " slots. The job goes on on its old hosts.");
    } else {
      next_hosts_ = std::move(found);
    }
  }

  void end_if_late(const LauncherProcess& launcher) {
    if (heard_at_ > 0 && failed_at_ == 0 && now_seconds() - heard_at_ > kSecondsOfSilence) {
      failed_at_ = now_seconds() - kSecondsToEnd;
      error_ = str("[launch] Rank 0 has given no sign of life for ", kSecondsOfSilence, " s.");
    }
    const double late = failed_at_ == 0 ? 0 : now_seconds() - failed_at_;
    if (late > kSecondsToEnd) {
      terminate(launcher);
    }
    if (late > kSecondsToEnd + 2) {
      launcher.signal(SIGKILL);
    }
  }

  /// Whether the job has ended for good; otherwise it is to be started again.
  bool ends(int code) {
    if (code == kWrongUsage && workers_ > 0 && workers_ < carriers_ && !stops_) {
      return false;  // now their number is known: there are no more carriers than workers
    }
    const bool moves = next_hosts_ && failed_at_ == 0 && !stops_;
    if (code == 0 || code == kWrongUsage || (code == kPreempted && !moves)) {
      return true;
    }
    if (stops_) {
      throw Interrupted(str("[launch] A signal ended the job, with exit code ", code, "."));
    }
    if (moves) {
      hosts_ = *next_hosts_;
      log_warning("[launch] The hosts have changed: the job goes on on ", number_of_carriers(),
                  " carriers.");
      return false;
    }
    return !goes_on_after_failure(code);
  }

  bool goes_on_after_failure(int code) {
    if (error_.empty()) {
      error_ = str("[launch] ", options_.launcher[0], " ended with exit code ", code, ".");
    }
    if (options_.max_restarts == 0) {
      return false;  // the ranks have said why
    }
    if (!restarts_.allow(reached_, error_)) {
      throw WorkerFailure(restarts_.error() + restarts_.reason());
    }
    ++failures_;
    if (has_hosts()) {
      hosts_ = answering_hosts(file_.hosts(), options_.launcher, [this] {
        for (int number = 0; (number = signals_.next()) != 0;) {
          stops_ = stops_ || (number != SIGCHLD && number != SIGUSR1);
        }
        return !stops_;
      });
      if (stops_) {
        throw Interrupted("[launch] A signal ended the job after a failure.");
      }
    }
    log_warning(as_sentence(error_), " The job is started again on ", number_of_carriers(),
                " carriers (restart ", failures_, " of ", options_.max_restarts, ").");
    return true;
  }

  const JobOptions& options_;
  SignalQueue signals_;
  HostFile file_;
  std::vector<Host> hosts_;  // those of the file that answer
  Supervised job_;
  Restarts restarts_;
  int failures_ = 0;
  int workers_ = 0;  // of the program; 0: not known yet
  int carriers_ = 0;
  bool stops_ = false;        // a signal asks for the end
  bool wants_hosts_ = false;  // the host file has changed, or SIGUSR1 asks to look at it
  double ended_at_ = 0;       // the last start

  // Of this start:
  Attempt reached_;
  std::string error_;  // the first
  bool has_joined_ = false;
  bool has_stepped_ = false;
  double heard_at_ = 0;  // 0: no sign of life is expected
  double asked_at_ = 0;
  double failed_at_ = 0;
  bool is_terminated_ = false;
  std::optional<std::vector<Host>> next_hosts_;  // on which the job is to go on
};

}  // namespace

int supervise(const JobOptions& options) {
  DGA_CHECK(!launched_rank(),
            "[launch] expected to be started without an MPI launcher, found that one has started "
            "this process. dga launch starts the launcher itself.");
  DGA_CHECK(options.hostfile.empty() || !options.launcher[0].ends_with("srun"),
            "[launch] hostfile: expected none with srun, which runs on the hosts of its "
            "allocation, found ",
            options.hostfile, ". Leave --hostfile out.");
  DGA_CHECK(options.carriers >= 0, "[launch] carriers: expected 0 or more, found ",
            options.carriers, ".");
  DGA_CHECK(options.min_carriers >= 1 &&
                (options.carriers == 0 || options.min_carriers <= options.carriers),
            "[launch] min-carriers: expected 1 to the number of carriers, found ",
            options.min_carriers, ".");
  return Supervisor(options).run();
}

}  // namespace dga
