// SPDX-License-Identifier: Apache-2.0

#include "dga/supervise/launcher_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "dga/base/descriptor.h"
#include "dga/base/error.h"

namespace dga {
namespace {

[[noreturn]] void refuse(const char* what) {
  throw Error(str("[launch] expected ", what, " for the MPI launcher, found \"",
                  std::strerror(errno), "\". Free some memory, or close some files."));
}

/// A file without a name. The launcher inherits the descriptor.
int file_with(const std::string& text) {
  const int file = above_standard(memfd_create("hosts", MFD_CLOEXEC));
  if (file < 0 || write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    refuse("a host file");
  }
  fcntl(file, F_SETFD, 0);
  return file;
}

}  // namespace

LauncherProcess::LauncherProcess(std::vector<std::string> command, const std::string& hosts,
                                 Input input) {
  std::array<int, 2> pipe{};
  if (pipe2(pipe.data(), O_CLOEXEC) != 0 || !move_above_standard(pipe)) {
    refuse("a pipe");
  }
  errors_ = pipe[0];
  fcntl(errors_, F_SETFL, O_NONBLOCK);
  hosts_ = file_with(hosts);
  for (std::string& word : command) {
    if (word == kHostFile) {
      word = str("/dev/fd/", hosts_);
    }
  }
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    execute(command, pipe[1], input, parent);
  }
  close(pipe[1]);
  if (pid_ < 0) {
    refuse("a process");
  }
  setpgid(pid_, pid_);  // the child does so, too: whoever comes first
}

LauncherProcess::~LauncherProcess() {
  if (!status()) {
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(errors_);
  close(hosts_);
}

/// In the child. The supervisor has one thread, so that it may allocate.
void LauncherProcess::execute(std::vector<std::string>& command, int errors, Input input,
                              pid_t parent) const {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) {
    _exit(1);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGPIPE, SIGXFSZ}) {
    ::signal(number, SIG_DFL);  // the program ignores them; its ranks decide for themselves
  }
  // Another process group that reads from a terminal is stopped.
  if (input == Input::none || isatty(STDIN_FILENO) == 1) {
    replace_standard(STDIN_FILENO, above_standard(open("/dev/null", O_RDONLY | O_CLOEXEC)));
  }
  replace_standard(STDERR_FILENO, errors);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (std::string& word : command) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  const std::string text =
      str("dga: [launch] expected the MPI launcher \"", command[0], "\", found \"",
          std::strerror(errno), "\". Install one, or give its command with --mpirun.\n");
  [[maybe_unused]] const auto written = write(STDERR_FILENO, text.data(), text.size());
  _exit(2);
}

std::string LauncherProcess::read_errors() {
  std::string text;
  std::array<char, 65536> piece{};
  ssize_t size = 0;
  while (!errors_ended_ && (size = read(errors_, piece.data(), piece.size())) > 0) {
    text.append(piece.data(), static_cast<std::size_t>(size));
  }
  errors_ended_ = errors_ended_ || size == 0;
  return text;
}

std::optional<int> LauncherProcess::status() {
  if (status_) {
    return status_;
  }
  siginfo_t info{};
  const int found = waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  if (found == 0 && info.si_pid == 0) {
    return std::nullopt;
  }
  // Before the process is reaped, while no other group can have its number.
  kill(-pid_, SIGKILL);
  int status = 1 << 8;  // code 1, if somebody else has waited for it
  waitpid(pid_, &status, 0);
  status_ = status;
  return status_;
}

void LauncherProcess::signal(int number) const noexcept {
  if (!status_) {
    kill(pid_, number);
  }
}

int exit_code_of(int status) noexcept {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace dga
