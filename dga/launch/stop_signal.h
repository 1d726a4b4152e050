// SPDX-License-Identifier: Apache-2.0
//
// StopSignal: turns Ctrl-C, SIGTERM and others into a flag that training loops check.

#pragma once

namespace dga {

enum class SecondSignal {
  ends_process,  ///< ends the process at once, with exit code 130
  is_ignored,    ///< is ignored; for programs that outlive the run, such as interpreters
};

/// While an object of this class exists, SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 set a flag
/// instead of ending the process. SIGHUP, SIGUSR1 and SIGUSR2 are left alone where they are ignored
/// or have a handler: nohup ignores SIGHUP, and programs have uses of their own for the others. A
/// second signal to the same process does what SecondSignal says; SIGUSR1, SIGUSR2 and what comes
/// within 0.2 s of the first are no second signal. At most one object may exist at a
/// time. Create it before workers are started: the flag lies in memory that forked
/// children share, so a signal to one process is seen by all. Workers check the flag at different
/// times, so they must agree on the last step.
class StopSignal {
 public:
  /// Installs the signal handlers. Throws InvalidArgument if another object exists, Error if the
  /// system refuses the memory.
  explicit StopSignal(SecondSignal second = SecondSignal::ends_process);
  /// Restores the previous handlers and discards the flag. No other thread may call the functions
  /// below at the same time.
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// Whether a signal has arrived; false if no StopSignal exists. Costs two atomic loads. Any
  /// thread may call it.
  static bool requested() noexcept;
  /// The number of the first signal that arrived, or 0.
  static int signal_number() noexcept;
  /// Sets the flag as if the signal had arrived: for launchers that forward a signal, and for
  /// tests.
  static void request(int signal_number) noexcept;
};

}  // namespace dga
