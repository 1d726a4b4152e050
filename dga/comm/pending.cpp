// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/pending.h"

#include "dga/comm/arena/group.h"
#include "dga/comm/collectives/operation.h"

namespace dga {

Pending::Pending() noexcept = default;
Pending::Pending(std::shared_ptr<Group> group, std::unique_ptr<Operation> operation) noexcept
    : group_(std::move(group)), operation_(std::move(operation)) {}
Pending::Pending(Pending&&) noexcept = default;
Pending::~Pending() = default;

Pending& Pending::operator=(Pending&& other) noexcept {
  // The old operation uses the old group, so it is destroyed first.
  operation_ = std::move(other.operation_);
  group_ = std::move(other.group_);
  return *this;
}

bool Pending::test() {
  if (operation_ && operation_->test()) {
    operation_.reset();
  }
  if (operation_) {
    group_->world().let_others_run();
  }
  return operation_ == nullptr;
}

void Pending::wait() {
  if (operation_) {
    complete(group_->world(), *operation_);
    operation_.reset();
  }
}

}  // namespace dga
