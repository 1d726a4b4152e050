// SPDX-License-Identifier: Apache-2.0
//
// RunCheckpoints: saves the state of a run, and restores it.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dga/launch/environment.h"
#include "dga/parallel/accumulator_state.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/train/kept_weights.h"
#include "dga/train/plan.h"
#include "dga/train/resume_point.h"
#include "dga/train/worker_numbers.h"

namespace dga {

/// Every worker, or carrier, has one and makes the same calls. Worker 0 reads and writes.
class RunCheckpoints {
 public:
  /// `resume`: null for a run from the beginning. All arguments but `folder` must outlive this.
  RunCheckpoints(const Environment& environment, const TrainPlan& plan, const ResumePoint* resume,
                 std::string folder);

  // --- restoring
  bool restores() const noexcept { return resume_ != nullptr; }
  const RunState& state() const noexcept { return resume_->state; }
  /// Before the accumulator is made: on worker 0, sets the module's values and `kept`. Does nothing
  /// unless restores(). Throws StorageError.
  void load_module(torch::nn::Module& module, KeptWeights& kept);
  /// Gives the accumulator its state. Does nothing unless restores(). Collective; blocks.
  void load_accumulator(GradientAccumulator& accumulator);

  // --- saving
  /// Whether a checkpoint is due after the epoch, which counts from 1.
  bool is_due_after_epoch(std::int64_t epoch) const noexcept;
  /// Whether one is due before the step, which counts from 0 in the run.
  bool is_due_before_step(std::int64_t step) const noexcept;
  /// The seconds after which another one is due; 0: they do not depend on time.
  double seconds_between() const noexcept;
  /// Saves a checkpoint after `epochs` and the steps of `position`, whose losses are those in
  /// `own`. The module has its parameters, not their average. `kept`: the weights that would be
  /// saved if the run stopped now. What the disk refuses is a warning: the last good checkpoint
  /// stays. Does nothing if no step was taken since the last one. Returns the path of the
  /// checkpoint on worker 0, empty if it was refused. Collective; blocks.
  std::string save(GradientAccumulator& accumulator, const torch::nn::Module& module,
                   const std::vector<EpochResult>& epochs, EpochPosition position,
                   const WorkerNumbers& own, const KeptWeights& kept);

 private:
  /// Whether the weights to be saved may be others than those of the module.
  bool has_kept(bool between_epochs) const noexcept;

  const Environment& environment_;
  const TrainPlan& plan_;
  const ResumePoint* resume_;
  std::string folder_;
  AccumulatorState restored_;  // on worker 0
  std::string saved_;          // on worker 0: the path of the last checkpoint
  std::int64_t saved_step_ = -1;
};

}  // namespace dga
