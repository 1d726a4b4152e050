// SPDX-License-Identifier: Apache-2.0

#include "dga/train/stop_agreement.h"

#include <algorithm>
#include <array>

#include "dga/base/clock.h"
#include "dga/launch/stop_signal.h"

namespace dga {
namespace {

constexpr double kPeriodSeconds = 0.2;
// Steps can suddenly become slower on a shared machine, so the distance between checks at most
// doubles.
constexpr std::int64_t kMostGrowth = 2;

}  // namespace

StopAgreement::StopAgreement(const Communicator& workers)
    : workers_(workers), last_time_(now_seconds()) {}

std::int64_t StopAgreement::choose_next(std::int64_t step) {
  const double now = now_seconds();
  const std::int64_t passed = step - last_look_;
  const double seconds = now - last_time_;
  last_look_ = step;
  last_time_ = now;
  if (passed < 1) {
    return step + 1;
  }
  const double fitting = kPeriodSeconds * static_cast<double>(passed) / std::max(seconds, 1e-9);
  const double most = static_cast<double>(kMostGrowth * passed);
  return step + std::max<std::int64_t>(1, static_cast<std::int64_t>(std::min(fitting, most)));
}

bool StopAgreement::stop_before(std::int64_t step) {
  if (step < next_look_) {
    return false;
  }
  std::array<std::int64_t, 2> agreed{wanted_ || StopSignal::requested() ? 1 : 0,
                                     workers_.rank() == 0 ? choose_next(step) : 0};
  workers_.all_reduce({agreed.data(), 2}, ReduceOp::max, "stop request");
  next_look_ = agreed[1];
  return agreed[0] != 0;
}

}  // namespace dga
