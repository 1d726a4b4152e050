// SPDX-License-Identifier: Apache-2.0
//
// Progress: the calls by which a run reports its progress.

#pragma once

#include <cstdint>
#include <string>

#include "dga/data/data_summary.h"
#include "dga/storage/run_results.h"

namespace dga {

struct RunStart {
  std::string engine = {};
  int workers = 0;
  std::int64_t train_samples = 0;
  std::int64_t test_samples = 0;
  std::int64_t validation_samples = 0;
  std::int64_t features = 0;
  std::int64_t outputs = 0;
  std::int64_t parameters = 0;
  std::int64_t epochs = 0;
  std::int64_t steps_per_epoch = 0;
  bool classification = true;  // errors are fractions of samples, else losses
  DataSummary data = {};
};

/// One step, as worker 0 sees it. Collecting the losses of the other workers would cost a wait.
struct StepResult {
  std::int64_t steps = 0;  // taken in all epochs together, this one included
  std::int64_t epoch = 0;  // counted from 1
  double loss = 0;         // mean over worker 0's samples in this step; NaN if it had none
};

/// Worker 0 calls `started` once, then `step_done` after each step, and `epoch_done` and
/// `wants_stop` after each epoch, one call at a time. With the engine processes the calls take
/// place in a child process if the workers are forked, and changes of an implementation's members
/// stay there. Calls must return quickly, because the workers wait for them.
class Progress {
 public:
  virtual ~Progress() = default;

  virtual void started(const RunStart&) {}
  virtual void step_done(const StepResult&) {}
  virtual void epoch_done(const EpochResult&) {}
  /// Called after each epoch_done. Return true to end the run, as if that had been the last epoch.
  virtual bool wants_stop() { return false; }
};

}  // namespace dga
