// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/token_renewal.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "dga/base/clock.h"

namespace dga {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kCallSeconds = 60;  // for as long no other thread renews the token too
constexpr double kRetrySeconds = 5;
constexpr double kTicketSeconds = 600;

double unix_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

double renewal_pause_s(double left_s) noexcept {
  constexpr double kClocklessSeconds = 60;  // shorter than any token lasts
  return left_s > 0 ? std::max(1.0, 0.75 * left_s) : kClocklessSeconds;
}

bool TokenRenewal::is_due(const std::string& token) {
  const double now = now_seconds();
  const std::lock_guard lock(mutex_);
  if (token != token_) {
    token_ = token;
    due_s_ = now;
    expiry_ms_ = 0;
    refusal_.clear();
  }
  if (now < due_s_) {
    return false;
  }
  due_s_ = now + kCallSeconds;
  return true;
}

void TokenRenewal::renewed(std::int64_t expiry_ms) {
  const double left_s = static_cast<double>(expiry_ms) / 1000 - unix_seconds();
  const std::lock_guard lock(mutex_);
  // A token that gains nothing has reached the end of its life.
  due_s_ = expiry_ms == expiry_ms_ ? kNever : now_seconds() + renewal_pause_s(left_s);
  expiry_ms_ = expiry_ms;
  refusal_.clear();
}

void TokenRenewal::postponed() {
  const std::lock_guard lock(mutex_);
  due_s_ = now_seconds() + kRetrySeconds;
}

void TokenRenewal::refused(std::string reason, bool for_good) {
  const std::lock_guard lock(mutex_);
  due_s_ = for_good ? kNever : now_seconds() + kTicketSeconds;
  refusal_ = std::move(reason);
}

std::string TokenRenewal::refusal() const {
  const std::lock_guard lock(mutex_);
  return refusal_;
}

}  // namespace dga
