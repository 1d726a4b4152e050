// SPDX-License-Identifier: Apache-2.0
//
// RunCheckpoints: saves the state of a run after epochs, and restores it.

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
  bool is_due(std::int64_t epoch) const noexcept;
  /// Saves a checkpoint after the last of `epochs`. The module has its parameters, not their
  /// average. What the disk refuses is a warning: the last good checkpoint stays. Collective;
  /// blocks.
  void save(GradientAccumulator& accumulator, const torch::nn::Module& module,
            const std::vector<EpochResult>& epochs, const WorkerNumbers& own,
            const KeptWeights& kept);

 private:
  /// Whether the weights to be saved may be others than those of the last epoch.
  bool has_kept() const noexcept;

  const Environment& environment_;
  const TrainPlan& plan_;
  const ResumePoint* resume_;
  std::string folder_;
  AccumulatorState restored_;  // on worker 0
};

}  // namespace dga
