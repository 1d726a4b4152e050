// SPDX-License-Identifier: Apache-2.0
//
// Telemetry: what a run writes for other people's viewers when it is asked to: a TensorBoard log
// and a trace. Free of torch.

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "dga/base/step_recorder.h"
#include "dga/launch/environment.h"
#include "dga/storage/run_results.h"
#include "dga/storage/tensorboard/tensorboard_log.h"
#include "dga/train/plan.h"
#include "dga/train/result_writer.h"

namespace dga {

/// Every worker has one and calls it alike; worker 0 writes, and a disk that takes no more is
/// remembered by `writer`. Without the options `tensorboard` and `trace` nothing happens, and
/// nobody waits for anybody. Keeps references to all it is given.
class Telemetry {
 public:
  Telemetry(const Environment& environment, const TrainPlan& plan, ResultWriter& writer,
            StepRecorder& recorder);

  /// Right before the first step. Collective when tracing; blocks.
  void begin();
  /// After an epoch; `learning_rate` is that of its last step. Collective with a TensorBoard log;
  /// blocks.
  void epoch_done(const EpochResult& epoch, double learning_rate);
  /// After the last step. Collective when tracing; blocks until worker 0 has the worker's spans.
  void finish();

 private:
  void write_options();
  void write_epoch(const EpochResult& epoch, double learning_rate, std::span<const double> seconds);
  /// Of all workers since the last call: (3, workers) seconds by phase, on worker 0.
  std::vector<double> gather_seconds();
  void write_trace();
  void send_trace() const;

  const Environment& environment_;
  const TrainPlan& plan_;
  ResultWriter& writer_;
  StepRecorder& recorder_;
  std::optional<TensorBoardLog> tensorboard_;  // on worker 0
  std::size_t steps_logged_ = 0;
  double origin_ = 0;  // where the trace begins, on this worker's clock
};

}  // namespace dga
