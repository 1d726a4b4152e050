// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <sys/types.h>

#include <thread>
#include <vector>

#include "dga/comm/arena/segment.h"

namespace dga {

/// A thread that watches worker processes of this node that are not children of this process,
/// through pidfds. If one of them ends before its worker has finished, the thread posts that on the
/// failure board, within milliseconds. MPI launchers take about a second to notice.
class SiblingWatch {
 public:
  struct Sibling {
    std::string name;  // of the worker or carrier
    int local = 0;     // the first of its local ranks on this node
    int count = 1;     // of its ranks
    pid_t pid = 0;
  };

  /// `node` must outlive the watch. Siblings in another PID namespace (another container) are not
  /// watched. Throws Error if the system refuses an eventfd.
  SiblingWatch(std::vector<Sibling> siblings, const Segment& node);
  ~SiblingWatch();
  SiblingWatch(const SiblingWatch&) = delete;
  SiblingWatch& operator=(const SiblingWatch&) = delete;

 private:
  void watch(const Segment& node) const;

  std::vector<Sibling> siblings_;
  std::vector<int> pidfds_;
  int stop_ = -1;  // eventfd; the destructor writes to it to end the thread
  std::thread thread_;
};

}  // namespace dga
