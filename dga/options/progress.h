// SPDX-License-Identifier: Apache-2.0
//
// Progress: what a run reports while it goes on.

#pragma once

#include <cstdint>
#include <string>

#include "dga/storage/run_results.h"

namespace dga {

struct RunStart {
  std::string engine = {};
  int workers = 0;
  std::int64_t train_samples = 0;
  std::int64_t test_samples = 0;
  std::int64_t features = 0;
  std::int64_t outputs = 0;
  std::int64_t parameters = 0;
  std::int64_t epochs = 0;
  std::int64_t steps_per_epoch = 0;
  bool classification = true;  // errors are fractions of samples, else losses
};

/// One step, as worker 0 sees it. The losses of the other workers would cost a wait.
struct StepResult {
  std::int64_t steps = 0;  // taken in all epochs together, this one included
  std::int64_t epoch = 0;  // counted from 1
  double loss = 0;         // mean over worker 0's samples in this step; NaN where it had none
};

/// Worker 0 calls these functions, in this order, one at a time. Where workers are processes,
/// worker 0 may be a child: members that an implementation changes then change in the child alone.
/// Calls must return quickly, because the workers wait for them.
class Progress {
 public:
  virtual ~Progress() = default;

  virtual void started(const RunStart&) {}
  virtual void step_done(const StepResult&) {}
  virtual void epoch_done(const EpochResult&) {}
  /// Called after each epoch_done. Returning true ends the run there, as if that epoch were the
  /// last.
  virtual bool wants_stop() { return false; }
};

}  // namespace dga
