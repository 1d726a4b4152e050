// SPDX-License-Identifier: Apache-2.0

#include "dga/supervise/signal_queue.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "dga/base/descriptor.h"
#include "dga/base/error.h"

namespace dga {

SignalQueue::SignalQueue() {
  sigset_t queued;
  sigemptyset(&queued);
  for (const int number : {SIGINT, SIGTERM, SIGUSR1, SIGCHLD}) {
    sigaddset(&queued, number);
  }
  // Where a caller ignores it, the status of a child that ends is lost.
  ::signal(SIGCHLD, SIG_DFL);
  struct sigaction hangup {};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) {
    sigaddset(&queued, SIGHUP);
  }
  descriptor_ = above_standard(signalfd(-1, &queued, SFD_CLOEXEC | SFD_NONBLOCK));
  if (descriptor_ < 0) {
    throw Error(str("[launch] expected a descriptor for signals, found \"", std::strerror(errno),
                    "\". Close some files."));
  }
  sigprocmask(SIG_BLOCK, &queued, &before_);
}

SignalQueue::~SignalQueue() {
  sigprocmask(SIG_SETMASK, &before_, nullptr);
  close(descriptor_);
}

int SignalQueue::next() const noexcept {
  signalfd_siginfo info{};
  return read(descriptor_, &info, sizeof(info)) == sizeof(info) ? static_cast<int>(info.ssi_signo)
                                                                : 0;
}

}  // namespace dga
