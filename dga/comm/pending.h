// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>

namespace dga {

class Group;
class Operation;

/// An operation that was started and has not been waited for. A default-constructed Pending is
/// complete. Destroying one before it is complete abandons the operation, and the other workers
/// that take part in it fail. Used by the worker's thread alone, like its Communicator.
class Pending {
 public:
  Pending() noexcept;
  Pending(std::shared_ptr<Group> group, std::unique_ptr<Operation> operation) noexcept;
  Pending(Pending&&) noexcept;
  Pending& operator=(Pending&&) noexcept;
  ~Pending();

  /// Advances the operation without waiting. Returns true once it is complete. Throws as wait()
  /// does.
  bool test();
  /// Blocks until the operation is complete; returns at once if it already is. Throws WorkerFailure
  /// if another worker fails or does not arrive before the timeout, Error if its call does not
  /// match.
  void wait();

 private:
  std::shared_ptr<Group> group_;
  std::unique_ptr<Operation> operation_;
};

}  // namespace dga
