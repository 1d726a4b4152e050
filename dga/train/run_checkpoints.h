// SPDX-License-Identifier: Apache-2.0
//
// RunCheckpoints: saves the state of a run, and restores it.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dga/launch/environment.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/train/checkpoint_saver.h"
#include "dga/train/kept_weights.h"
#include "dga/train/plan.h"
#include "dga/train/resume_point.h"
#include "dga/train/worker_numbers.h"

namespace dga {

/// Every worker, or carrier, has one and makes the same calls.
class RunCheckpoints {
 public:
  /// `resume`: null for a run from the beginning. All arguments but `folder` must outlive this.
  RunCheckpoints(const Environment& environment, const TrainPlan& plan, const ResumePoint* resume,
                 std::string folder);

  // --- restoring
  bool restores() const noexcept { return resume_ != nullptr; }
  const RunState& state() const noexcept { return resume_->state; }
  /// Those up to now.
  std::vector<WorkersChange> workers_changed() const {
    return restores() ? state().workers_changed : std::vector<WorkersChange>();
  }
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
  /// Begins a checkpoint after `epochs` and the steps of `position`, whose losses are those in
  /// `own`. The module has its parameters, not their average. `kept`: the weights that would be
  /// saved if the run stopped now. Does nothing if no step was taken since the last one. Waits for
  /// a checkpoint that is under way. Collective; blocks until the copies are made.
  void save(GradientAccumulator& accumulator, const torch::nn::Module& module,
            const std::vector<EpochResult>& epochs, EpochPosition position,
            const WorkerNumbers& own, const KeptWeights& kept);
  /// Whether this carrier is still writing.
  bool is_writing() const noexcept { return saver_.is_writing(); }
  /// See CheckpointSaver.
  void commit() { saver_.commit(); }
  /// Waits for the checkpoint under way, and commits it. Returns, on worker 0, the path of the
  /// checkpoint with the steps taken up to the last call of `save`; empty if the disk refused it.
  /// Collective; blocks.
  std::string finish();

 private:
  /// Whether the weights to be saved may be others than those of the module.
  bool has_kept(bool between_epochs) const noexcept;
  RunState state_of(const AccumulatorState& rest, const std::vector<EpochResult>& epochs,
                    EpochPosition position, WorkerNumbers all) const;

  const Environment& environment_;
  const TrainPlan& plan_;
  const ResumePoint* resume_;
  std::string folder_;
  std::int64_t saved_step_ = -1;
  std::string resumed_;  // the checkpoint of this folder, if no other has been saved since
  CheckpointSaver saver_;
};

}  // namespace dga
