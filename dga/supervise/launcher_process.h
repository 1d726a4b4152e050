// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace dga {

/// A running MPI launcher, such as mpirun, with the ranks that it has started. It is in a process
/// group of its own, so that a Ctrl-C reaches the supervisor alone. It ends (SIGTERM) when this
/// process ends.
class LauncherProcess {
 public:
  enum class Input {
    passed_on,  ///< that of this process, unless it is a terminal
    none,
  };

  /// Starts `command`. Its standard error goes to errors(), and its standard output is that of this
  /// process. `hosts`: the text of a host file, whose path replaces kHostFile in the command.
  /// Throws Error if the system refuses a process.
  LauncherProcess(std::vector<std::string> command, const std::string& hosts, Input input);
  /// Kills the launcher if it still runs.
  ~LauncherProcess();
  LauncherProcess(const LauncherProcess&) = delete;
  LauncherProcess& operator=(const LauncherProcess&) = delete;

  static constexpr const char* kHostFile = "{hosts}";

  /// A descriptor that does not block; -1 once nobody writes to it any more.
  int errors() const noexcept { return errors_ended_ ? -1 : errors_; }
  /// What has been written on standard error since the last call.
  std::string read_errors();
  /// The status of waitpid once it has ended, otherwise nothing. Then what is left of its process
  /// group, such as children of a script, is killed.
  std::optional<int> status();
  /// Does nothing once it has ended.
  void signal(int number) const noexcept;

 private:
  [[noreturn]] void execute(std::vector<std::string>& command, int errors, Input input,
                            pid_t parent) const;

  pid_t pid_ = -1;
  int hosts_ = -1;
  int errors_ = -1;
  bool errors_ended_ = false;
  std::optional<int> status_;
};

/// The exit code of a status of waitpid: 128 and the signal's number for a process that was killed.
int exit_code_of(int status) noexcept;

}  // namespace dga
