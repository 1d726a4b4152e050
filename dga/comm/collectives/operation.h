// SPDX-License-Identifier: Apache-2.0
//
// Operation: something that takes several workers to complete and was started by this one.

#pragma once

#include <string>
#include <vector>

#include "dga/comm/arena/wait_word.h"

namespace dga {

class World;

class Operation {
 public:
  Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  virtual ~Operation() = default;

  /// Goes as far as it can without waiting; true when complete. Throws WorkerFailure.
  virtual bool test() = 0;
  /// The word that changes when `test` may get further; null where only polling helps.
  virtual WaitWord* sleeps_on() = 0;
  /// Whether others may have to wait until this worker calls `test` again, because it streams a
  /// message or crosses nodes.
  virtual bool needs_progress() const noexcept = 0;
  /// "all_reduce 'loss' (operation 12)"
  virtual std::string describe() const = 0;
  /// World ranks of those whose part is still missing.
  virtual std::vector<int> missing() const = 0;
};

/// Blocks until `operation` is complete, moving this worker's other operations along where others
/// may have to wait for them. Throws WorkerFailure.
void complete(World& world, Operation& operation);

}  // namespace dga
