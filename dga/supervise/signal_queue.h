// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <signal.h>

namespace dga {

/// While one exists, SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGCHLD wait in a queue, for a loop that
/// polls, instead of ending the process. SIGHUP is left alone where nohup ignores it. For programs
/// with one thread.
class SignalQueue {
 public:
  /// Throws Error if the system has no descriptor left.
  SignalQueue();
  ~SignalQueue();
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;

  /// For poll: readable if a signal waits.
  int descriptor() const noexcept { return descriptor_; }
  /// The number of the next signal, or 0 if none waits.
  int next() const noexcept;

 private:
  sigset_t before_{};
  int descriptor_ = -1;
};

}  // namespace dga
