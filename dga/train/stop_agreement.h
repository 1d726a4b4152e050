// SPDX-License-Identifier: Apache-2.0
//
// StopAgreement: makes all workers stop before the same step, although a signal reaches them at
// different moments, and some of them perhaps never.

#pragma once

#include <cstdint>

#include "dga/comm/communicator.h"

namespace dga {

/// A check is an all-reduce, which costs a wait. The workers therefore check only about every 0.2
/// seconds. At each check, worker 0 announces at which step the next check will be. It picks that
/// step from the speed of the last steps.
class StopAgreement {
 public:
  explicit StopAgreement(const Communicator& workers);

  /// Asks for a stop from this worker, for a reason other than a signal.
  void want_stop() noexcept { wanted_ = true; }
  /// Call it before every step; steps count from 0 without gaps. Returns true, on all workers, when
  /// any of them asked for a stop or received a signal (StopSignal). Collective before the chosen
  /// steps, and only a comparison before the others.
  bool stop_before(std::int64_t step);

 private:
  std::int64_t choose_next(std::int64_t step);

  const Communicator& workers_;
  bool wanted_ = false;
  std::int64_t next_look_ = 0;
  std::int64_t last_look_ = 0;
  double last_time_;
};

}  // namespace dga
