// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>

namespace dga {

class Group;
class Operation;

/// An operation that was started and not yet awaited. Destroying it unfinished abandons the
/// operation: the other workers will fail.
class Pending {
 public:
  Pending() noexcept;
  Pending(std::shared_ptr<Group> group, std::unique_ptr<Operation> operation) noexcept;
  Pending(Pending&&) noexcept;
  Pending& operator=(Pending&&) noexcept;
  ~Pending();

  /// True once complete; never blocks.
  bool test();
  /// Blocks until complete; does nothing a second time. Throws WorkerFailure.
  void wait();

 private:
  std::shared_ptr<Group> group_;
  std::unique_ptr<Operation> operation_;
};

}  // namespace dga
