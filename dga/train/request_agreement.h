// SPDX-License-Identifier: Apache-2.0
//
// RequestAgreement: makes all workers stop, or save a checkpoint, before the same step, although a
// signal reaches them at different moments, and some of them perhaps never.

#pragma once

#include <cstdint>

#include "dga/comm/communicator.h"

namespace dga {

/// What a worker asks all of them to do before the next step. If several are asked for, the last of
/// these is done.
enum class Request : std::int64_t { none, save, stop };

/// A check is an all-reduce, which costs a wait. The workers therefore check only about every 0.2
/// seconds. At each check, worker 0 announces at which step the next check will be. It picks that
/// step from the speed of the last steps.
class RequestAgreement {
 public:
  explicit RequestAgreement(const Communicator& workers);

  /// Asks for a stop from this worker, for a reason other than a signal.
  void want_stop() noexcept { wanted_ = Request::stop; }
  /// Worker 0 asks for a checkpoint when so many seconds have passed since the last, unless it
  /// still writes that; 0: never.
  void save_every(double seconds) noexcept { save_seconds_ = seconds; }
  /// A checkpoint was begun: the time to the next one begins.
  void saved() noexcept;
  /// Call it before every step; steps count up without gaps. Returns, on all workers, what any of
  /// them asked for; a signal (StopSignal) asks for a stop. Collective before the chosen steps, and
  /// only a comparison before the others.
  /// `is_writing`: whether this worker still writes its part of a checkpoint.
  Request before(std::int64_t step, bool is_writing);
  /// Whether the last call of `before` has found that no worker writes. The same on every worker.
  bool all_have_written() const noexcept { return all_have_written_; }

 private:
  Request own_request(bool is_writing) const noexcept;
  std::int64_t choose_next(std::int64_t step);

  const Communicator& workers_;
  Request wanted_ = Request::none;
  double save_seconds_ = 0;
  double saved_at_;
  bool has_looked_ = false;
  bool all_have_written_ = false;
  std::int64_t next_look_ = 0;
  std::int64_t last_look_ = 0;
  double last_time_;
};

}  // namespace dga
