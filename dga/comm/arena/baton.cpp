// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/arena/baton.h"

#include "dga/comm/arena/pulse.h"

namespace dga {

void Baton::take() {
  std::unique_lock lock(mutex_);
  if (!held_) {
    held_ = true;
    return;
  }
  Waiter waiter;
  waiters_.push_back(&waiter);
  waiter.granted.wait(lock, [&] { return waiter.has_it; });
}

void Baton::give() {
  const std::lock_guard lock(mutex_);
  if (waiters_.empty()) {
    held_ = false;
    return;
  }
  // held_ stays true: the baton passes to the next. Notified under the lock, because the waiter's
  // variable is gone once it has seen has_it.
  Waiter& next = *waiters_.front();
  waiters_.pop_front();
  next.has_it = true;
  next.granted.notify_one();
}

Baton::Rest::Rest(Baton* baton) : baton_(baton) {
  if (baton_ != nullptr) {
    Pulse::beat();  // those who wait for a worker of this carrier see that it gets on
    baton_->give();
  }
}

Baton::Rest::~Rest() {
  if (baton_ != nullptr) {
    baton_->take();
    Pulse::beat();
  }
}

}  // namespace dga
