// SPDX-License-Identifier: Apache-2.0
//
// Telemetry: the optional files of a run for external viewers: a TensorBoard log and a trace.
// Includes no torch header.

#pragma once

#include <optional>
#include <span>
#include <vector>

#include "dga/base/step_recorder.h"
#include "dga/launch/environment.h"
#include "dga/storage/run_results.h"
#include "dga/storage/tensorboard/tensorboard_log.h"
#include "dga/train/plan.h"
#include "dga/train/result_writer.h"
#include "dga/train/worker_times.h"

namespace dga {

/// Every worker, or carrier, has one and makes the same calls. Worker 0 writes; `writer` keeps a
/// StorageError. Without the options `tensorboard` and `trace` the calls do nothing and do not
/// wait. All arguments of the constructor must outlive this.
class Telemetry {
 public:
  Telemetry(const Environment& environment, const TrainPlan& plan, ResultWriter& writer,
            StepRecorder& recorder, const WorkerTimes& times);

  /// Call it right before the first step. Collective when tracing; blocks.
  void begin();
  /// Call it after an epoch; `learning_rate` is that of its last step. Collective with a
  /// TensorBoard log; blocks.
  void epoch_done(const EpochResult& epoch, double learning_rate);
  /// Call it after the last step. Collective when tracing; blocks until worker 0 has the spans of
  /// this worker.
  void finish();

 private:
  void write_options();
  void write_epoch(const EpochResult& epoch, double learning_rate, std::span<const double> seconds);
  /// Collective. The seconds that each worker has spent in each phase since the last call. On
  /// worker 0 these are kStepPhases * workers numbers: those of all workers for the first phase,
  /// then for the second, and so on. Empty on other workers.
  std::vector<double> gather_seconds();
  void write_trace();
  void send_trace() const;

  const Environment& environment_;
  const TrainPlan& plan_;
  ResultWriter& writer_;
  StepRecorder& recorder_;
  const WorkerTimes& times_;
  std::optional<TensorBoardLog> tensorboard_;  // on worker 0
  std::vector<PhaseSeconds> logged_;           // of this carrier's workers
  double origin_ = 0;                          // the start of the trace, on this worker's clock
};

}  // namespace dga
