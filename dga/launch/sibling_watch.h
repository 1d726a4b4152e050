// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <sys/types.h>

#include <thread>
#include <vector>

#include "dga/comm/arena/segment.h"

namespace dga {

/// A thread that watches processes of this node which are not children of this one, by pidfd, and
/// writes it on the failure board when one is gone before its work was done. It says so in
/// milliseconds, where an MPI launcher needs a second.
class SiblingWatch {
 public:
  struct Sibling {
    int rank = 0;   // in the world
    int local = 0;  // on this node
    pid_t pid = 0;
  };

  /// `node` must outlive the watch. Siblings that run elsewhere in the pid name space (another
  /// container) are not watched.
  SiblingWatch(std::vector<Sibling> siblings, const Segment& node);
  ~SiblingWatch();
  SiblingWatch(const SiblingWatch&) = delete;
  SiblingWatch& operator=(const SiblingWatch&) = delete;

 private:
  void watch(const Segment& node) const;

  std::vector<Sibling> siblings_;
  std::vector<int> pidfds_;
  int stop_ = -1;  // eventfd: written once, by the destructor
  std::thread thread_;
};

}  // namespace dga
