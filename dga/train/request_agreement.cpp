// SPDX-License-Identifier: Apache-2.0

#include "dga/train/request_agreement.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dga/base/clock.h"
#include "dga/launch/stop_signal.h"

namespace dga {
namespace {

constexpr double kPeriodSeconds = 0.2;
// Steps can suddenly become slower on a shared machine, so the distance between checks at most
// doubles.
constexpr std::int64_t kMostGrowth = 2;

}  // namespace

RequestAgreement::RequestAgreement(const Communicator& workers)
    : workers_(workers), saved_at_(now_seconds()), last_time_(saved_at_) {}

void RequestAgreement::saved() noexcept {
  saved_at_ = now_seconds();
}

Request RequestAgreement::own_request(bool is_writing) const noexcept {
  if (wanted_ == Request::stop || StopSignal::requested()) {
    return Request::stop;
  }
  const bool due = !is_writing && save_seconds_ > 0 && workers_.rank() == 0 &&
                   now_seconds() - saved_at_ >= save_seconds_;
  return due ? Request::save : Request::none;
}

std::int64_t RequestAgreement::choose_next(std::int64_t step) {
  const double now = now_seconds();
  const std::int64_t passed = step - last_look_;
  const double seconds = now - last_time_;
  last_look_ = step;
  last_time_ = now;
  if (!std::exchange(has_looked_, true) || passed < 1) {
    return step + 1;  // a run that goes on begins at a later step than 0
  }
  const double fitting = kPeriodSeconds * static_cast<double>(passed) / std::max(seconds, 1e-9);
  const double most = static_cast<double>(kMostGrowth * passed);
  return step + std::max<std::int64_t>(1, static_cast<std::int64_t>(std::min(fitting, most)));
}

Request RequestAgreement::before(std::int64_t step, bool is_writing) {
  all_have_written_ = false;
  if (step < next_look_) {
    return Request::none;
  }
  std::array<std::int64_t, 3> agreed{static_cast<std::int64_t>(own_request(is_writing)),
                                     workers_.rank() == 0 ? choose_next(step) : 0,
                                     is_writing ? 1 : 0};
  workers_.all_reduce({agreed.data(), 3}, ReduceOp::max, "stop request");
  all_have_written_ = agreed[2] == 0;
  next_look_ = agreed[1];
  return static_cast<Request>(agreed[0]);
}

}  // namespace dga
