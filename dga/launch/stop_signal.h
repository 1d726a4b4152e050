// SPDX-License-Identifier: Apache-2.0
//
// StopSignal: Ctrl-C and SIGTERM as a question that training loops ask once a step.

#pragma once

namespace dga {

enum class SecondSignal {
  ends_process,  ///< at once, with exit code 130
  is_ignored,    ///< for programs that outlive the run, such as interpreters
};

/// While one lives, SIGINT and SIGTERM set a flag instead of ending the process; a second one ends
/// it, unless told otherwise. At most one lives at a time. Made by the program, before any
/// worker is started: the flag lies in memory that forked children share, so that a signal that
/// reaches one process is seen by all of them. Which step is the last one the workers must still
/// agree on, since they look at different moments.
class StopSignal {
 public:
  /// Installs the handlers. Throws Error when the system refuses.
  explicit StopSignal(SecondSignal second = SecondSignal::ends_process);
  /// Puts back what was installed before, and forgets a request.
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// Whether a stop is wanted; false when no StopSignal lives. Any thread; a load.
  static bool requested() noexcept;
  /// The number of the signal that came first, or 0.
  static int signal_number() noexcept;
  /// As if the signal had come: for launchers that pass one on, and for tests.
  static void request(int signal_number) noexcept;
};

}  // namespace dga
