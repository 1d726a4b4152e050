// SPDX-License-Identifier: Apache-2.0
//
// Supervised: the side of a rank that `dga launch` has started through an MPI launcher.

#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "dga/launch/supervisor_message.h"

namespace dga {

/// What the supervisor says in the environment variable DGA_LAUNCH: "JOB RESTARTS".
struct Supervised {
  std::string job;   ///< name of the job, for messages
  int restarts = 0;  ///< how often the program was started before, and its ranks had met
};

/// The variable with its value, for the environment of the ranks.
std::string supervised_variable(const Supervised& values);
/// Nothing if this process has no supervisor. Throws Error for another value.
std::optional<Supervised> supervised();

/// This process ends when the process that has started it ends, as when the MPI launcher is killed:
/// otherwise it would go on beside the ranks of the next start. Does nothing without a supervisor.
void end_with_launcher();

/// Sends a message to the supervisor, if there is one.
void tell_supervisor(const SupervisorMessage& message);

/// A thread that tells the supervisor about the steps each second, also if there are no new ones: a
/// sign of life. The first two changes of their number at once, since loading a checkpoint is one.
class StepReports {
 public:
  /// `steps` is called by the thread, and returns the steps taken so far. Does nothing without a
  /// supervisor.
  explicit StepReports(std::function<std::int64_t()> steps);
  ~StepReports();
  StepReports(const StepReports&) = delete;
  StepReports& operator=(const StepReports&) = delete;

 private:
  void report();

  std::function<std::int64_t()> steps_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool ends_ = false;  // under mutex_
  std::thread thread_;
};

}  // namespace dga
