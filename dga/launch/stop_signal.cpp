// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/stop_signal.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>

#include "dga/base/error.h"

namespace dga {
namespace {

struct StoppingSignal {
  int number;
  // Whether it is left alone where it is ignored (nohup) or the program has a handler of its own.
  bool only_by_default;
};
constexpr std::array kSignals{StoppingSignal{SIGINT, false}, StoppingSignal{SIGTERM, false},
                              StoppingSignal{SIGHUP, true}, StoppingSignal{SIGUSR1, true},
                              StoppingSignal{SIGUSR2, true}};
constexpr int kExitCode = 130;

// Signal handlers may only access lock-free atomics. All accesses here are seq_cst.
using Flag = std::atomic<int>;
static_assert(Flag::is_always_lock_free);

std::atomic<Flag*> shared_flag{nullptr};  // holds the number of the first signal, or 0
// Whether this process has received a signal. It is not shared: a single Ctrl-C reaches every
// process of the group and must not count as a second signal.
std::atomic<bool> seen_here{false};
std::atomic<bool> second_ends{true};
std::array<struct sigaction, kSignals.size()> previous{};

void set_flag(Flag& flag, int number) noexcept {
  int none = 0;
  flag.compare_exchange_strong(none, number);
}

void on_signal(int number) {
  if (seen_here.exchange(true) && second_ends.load()) {
    _exit(kExitCode);
  }
  if (Flag* flag = shared_flag.load()) {
    set_flag(*flag, number);
  }
}

bool is_default(const struct sigaction& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_DFL;
}

}  // namespace

StopSignal::StopSignal(SecondSignal second) {
  DGA_CHECK(shared_flag.load() == nullptr,
            "[launch] stop_signal: expected at most one object, found a second. Keep the first.");
  void* page =
      mmap(nullptr, sizeof(Flag), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) {
    throw Error(str("[launch] stop_signal: expected a page of shared memory, found \"",
                    std::strerror(errno), "\". Free some memory."));
  }
  seen_here.store(false);
  second_ends.store(second == SecondSignal::ends_process);
  shared_flag.store(new (page) Flag(0));
  struct sigaction action {};
  action.sa_handler = on_signal;
  // System calls are restarted: a worker that waits checks the flag or the failure board anyway.
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i].number, nullptr, &previous[i]);
    if (!kSignals[i].only_by_default || is_default(previous[i])) {
      sigaction(kSignals[i].number, &action, nullptr);
    }
  }
}

StopSignal::~StopSignal() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i].number, &previous[i], nullptr);
  }
  munmap(shared_flag.exchange(nullptr), sizeof(Flag));
}

bool StopSignal::requested() noexcept {
  return signal_number() != 0;
}

int StopSignal::signal_number() noexcept {
  const Flag* flag = shared_flag.load();
  return flag == nullptr ? 0 : flag->load();
}

void StopSignal::request(int signal_number) noexcept {
  if (Flag* flag = shared_flag.load()) {
    set_flag(*flag, signal_number);
  }
}

}  // namespace dga
