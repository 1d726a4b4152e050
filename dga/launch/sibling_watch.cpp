// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/sibling_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "dga/base/descriptor.h"
#include "dga/base/error.h"
#include "dga/comm/arena/node_segment.h"

namespace dga {
namespace {

std::string who_waits(const std::vector<SiblingWatch::Sibling>& siblings,
                      const SiblingWatch::Sibling& dead, const Segment& node) {
  for (const auto& sibling : siblings) {
    for (int each = 0; each < sibling.count && sibling.local != dead.local; ++each) {
      const std::string waiting = presence_of(node, sibling.local + each).waiting();
      if (!waiting.empty()) {
        return str("; ", sibling.name, " waited for it in ", waiting);
      }
    }
  }
  return "; no worker waited for it";
}

bool has_finished(const SiblingWatch::Sibling& sibling, const Segment& node) {
  for (int each = 0; each < sibling.count; ++each) {
    if (presence_of(node, sibling.local + each).state() != Presence::State::finished) {
      return false;
    }
  }
  return true;
}

}  // namespace

SiblingWatch::SiblingWatch(std::vector<Sibling> siblings, const Segment& node)
    : siblings_(std::move(siblings)), stop_(above_standard(eventfd(0, EFD_CLOEXEC))) {
  if (stop_ < 0) {
    throw Error(str("[launch] expected an eventfd for watching the other workers, found \"",
                    std::strerror(errno), "\". Close some files."));
  }
  for (const Sibling& sibling : siblings_) {
    // poll ignores the descriptor -1, which stands for a process that has ended already or is in
    // another PID namespace.
    pidfds_.push_back(above_standard(static_cast<int>(syscall(SYS_pidfd_open, sibling.pid, 0))));
  }
  thread_ = std::thread([this, &node] { watch(node); });
}

SiblingWatch::~SiblingWatch() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(stop_, &one, sizeof(one));
  thread_.join();
  for (const int pidfd : pidfds_) {
    if (pidfd >= 0) {
      close(pidfd);
    }
  }
  close(stop_);
}

void SiblingWatch::watch(const Segment& node) const {
  std::vector<pollfd> polls{{stop_, POLLIN, 0}};
  for (const int pidfd : pidfds_) {
    polls.push_back({pidfd, POLLIN, 0});
  }
  while (true) {
    poll(polls.data(), polls.size(), -1);
    if (polls[0].revents != 0) {
      return;
    }
    for (std::size_t i = 0; i < siblings_.size(); ++i) {
      if (polls[i + 1].revents == 0) {
        continue;
      }
      polls[i + 1].fd = -1;  // not polled again
      const Sibling& sibling = siblings_[i];
      if (!has_finished(sibling, node)) {
        failure_board_of(node).post(
            str("[launch] ", sibling.name, " (process ", sibling.pid,
                ") ended before its work was done: it was killed or it exited",
                who_waits(siblings_, sibling, node)));
      }
    }
  }
}

}  // namespace dga
