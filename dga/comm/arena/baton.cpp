// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/arena/baton.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "dga/base/clock.h"
#include "dga/comm/arena/pulse.h"

namespace dga {
namespace {

constexpr std::chrono::milliseconds kTurnSlice{50};

}  // namespace

void Baton::hold(int rank) {
  holder_ = rank;
  since_ = now_seconds();
}

void Baton::pass_on() {
  if (waiters_.empty()) {
    holder_ = kNobody;
    return;
  }
  // Notified under the lock, because the waiter's variable is gone once it has seen has_it.
  Waiter& next = *waiters_.front();
  waiters_.pop_front();
  hold(next.rank);
  next.has_it = true;
  next.granted.notify_one();
}

void Baton::take(int rank, const Check& check) {
  std::unique_lock lock(mutex_);
  if (holder_ == kNobody) {
    hold(rank);
    return;
  }
  const double began = now_seconds();
  Waiter waiter{rank};
  waiters_.push_back(&waiter);
  while (!waiter.granted.wait_for(lock, kTurnSlice, [&] { return waiter.has_it; })) {
    const Turn turn{.holder = holder_, .since = std::max(since_, began)};
    lock.unlock();
    try {
      check(turn);
    } catch (...) {
      lock.lock();
      if (waiter.has_it) {  // got it meanwhile
        pass_on();
      } else {
        std::erase(waiters_, &waiter);
      }
      throw;
    }
    lock.lock();
  }
}

void Baton::give(int rank) {
  const std::lock_guard lock(mutex_);
  if (holder_ == rank) {
    pass_on();
  }
}

Baton::Hold::Hold(Baton& baton, int rank, const Check& check) : baton_(baton), rank_(rank) {
  baton_.take(rank, check);
}

Baton::Rest::Rest(Baton* baton, int rank, Check check)
    : baton_(baton), rank_(rank), check_(std::move(check)) {
  if (baton_ != nullptr) {
    Pulse::beat();  // those who wait for a worker of this carrier see that it gets on
    baton_->give(rank_);
  }
}

Baton::Rest::~Rest() {
  try {
    end();
  } catch (...) {
    // The worker is ended by the failure that check has found, or by another exception.
  }
}

void Baton::Rest::end() {
  if (Baton* const baton = std::exchange(baton_, nullptr)) {
    baton->take(rank_, check_);
    Pulse::beat();
  }
}

}  // namespace dga
