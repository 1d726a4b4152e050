// SPDX-License-Identifier: Apache-2.0
//
// WorkerBlocks: which carrier carries which workers.

#pragma once

#include <string>
#include <vector>

#include "dga/comm/collectives/fixed_tree.h"

namespace dga {

/// The workers [first, first + count).
struct WorkerBlock {
  int first = 0;
  int count = 0;

  int end() const noexcept { return first + count; }

  friend bool operator==(const WorkerBlock&, const WorkerBlock&) = default;
};

/// A *carrier* is a thread, a process or an MPI rank that carries one or more workers, in turn.
/// Each carries a block of consecutive workers. The blocks follow each other in the order of the
/// carriers, and their sizes differ by at most one. Immutable.
class WorkerBlocks {
 public:
  /// Throws InvalidArgument unless 1 <= carriers <= workers.
  WorkerBlocks(int workers, int carriers);

  int workers() const noexcept { return workers_; }
  int carriers() const noexcept { return carriers_; }
  /// Whether each carrier carries one worker, so that both have the same numbers.
  bool one_each() const noexcept { return workers_ == carriers_; }
  WorkerBlock of(int carrier) const noexcept;
  int carrier_of(int worker) const noexcept;
  /// The largest nodes of the fixed tree over all workers whose workers `carrier` carries.
  std::vector<TreeNode> cover_of(int carrier) const;
  /// For messages: "worker 3", or "carrier 1 (workers 15 to 29)" if it carries several.
  std::string name_of(int carrier) const;

  friend bool operator==(const WorkerBlocks&, const WorkerBlocks&) = default;

 private:
  int workers_;
  int carriers_;
};

}  // namespace dga
