// SPDX-License-Identifier: Apache-2.0
//
// Operation: this worker's part of a collective or a message, from its start to its completion.

#pragma once

#include <string>
#include <vector>

#include "dga/comm/arena/inquiry.h"
#include "dga/comm/arena/wait_word.h"

namespace dga {

class World;

class Operation {
 public:
  Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  virtual ~Operation() = default;

  /// Advances as far as possible without waiting. Returns true once the operation is complete.
  /// Throws Error if the other workers' calls do not match, WorkerFailure if the world has failed.
  virtual bool test() = 0;
  /// The word in memory to wait on: it changes when test() may make progress. Null: there is none,
  /// so call test() again.
  virtual WaitWord* sleeps_on() = 0;
  /// Whether other workers may depend on further calls of test(), because the operation streams a
  /// message or exchanges messages with other nodes.
  virtual bool needs_progress() const noexcept = 0;
  /// For errors, such as "all_reduce 'loss' of 1 f32 (operation 12)".
  virtual std::string describe() const = 0;
  /// World ranks of the workers that this operation waits for.
  virtual std::vector<int> missing() const = 0;
  /// What workers of other nodes that it waits for are asked.
  virtual Inquiry inquiry() const { return {}; }
};

/// Calls test() of all operations that this worker has in progress.
void advance_all(World& world);

/// Blocks until `operation` is complete. Meanwhile advances this worker's other operations if one
/// of them needs progress. Throws as Operation::test and World::wait do.
void complete(World& world, Operation& operation);

}  // namespace dga
