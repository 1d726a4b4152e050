// SPDX-License-Identifier: Apache-2.0
//
// StopAgreement: all workers end before the same step, though a signal reaches them at different
// moments, and some of them perhaps never.

#pragma once

#include <cstdint>

#include "dga/comm/communicator.h"

namespace dga {

/// Looking together costs a wait, so it happens only about every 0.2 seconds, before steps that
/// worker 0 chooses by the pace of the last ones and announces one look ahead.
class StopAgreement {
 public:
  explicit StopAgreement(const Communicator& workers);

  /// This worker wants the run to end, for a reason of its own.
  void want_stop() noexcept { wanted_ = true; }
  /// To be asked before every step, counted from 0 without gaps. True, on all workers alike, when
  /// any of them wanted to stop or saw a signal (StopSignal). Collective before the chosen steps,
  /// otherwise a comparison.
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
