// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/stop_signal.h"

#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
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
constexpr std::int64_t kOneRequestMilliseconds = 200;

// Signal handlers may only access lock-free atomics. All accesses here are seq_cst.
using Flag = std::atomic<int>;
static_assert(Flag::is_always_lock_free);

std::atomic<Flag*> shared_flag{nullptr};  // holds the number of the first signal, or 0
// When this process has received the first signal; 0: it has not. It is not shared: a single Ctrl-C
// reaches every process of the group and must not count as a second signal.
std::atomic<std::int64_t> first_here{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);
std::atomic<bool> second_ends{true};
std::array<struct sigaction, kSignals.size()> previous{};

void set_flag(Flag& flag, int number) noexcept {
  int none = 0;
  flag.compare_exchange_strong(none, number);
}

std::int64_t milliseconds_now() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);  // may be called in a signal handler
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

/// `timeout` and batch systems send a signal to the process and to its group, or to a job and its
/// launcher: that is one request.
bool is_second(int number) noexcept {
  std::int64_t none = 0;
  const std::int64_t now = milliseconds_now();
  if (first_here.compare_exchange_strong(none, now)) {
    return false;
  }
  return number != SIGUSR1 && number != SIGUSR2 && now - none >= kOneRequestMilliseconds;
}

void on_signal(int number) {
  if (is_second(number) && second_ends.load()) {
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
  first_here.store(0);
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
