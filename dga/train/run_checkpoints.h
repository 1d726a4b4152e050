// SPDX-License-Identifier: Apache-2.0
//
// RunCheckpoints: saves the state of a run, and restores it.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dga/base/content_hash.h"
#include "dga/launch/environment.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/storage/checkpoints.h"
#include "dga/train/background_job.h"
#include "dga/train/checkpoint.h"
#include "dga/train/kept_weights.h"
#include "dga/train/plan.h"
#include "dga/train/resume_point.h"
#include "dga/train/worker_numbers.h"

namespace dga {

/// Every worker, or carrier, has one and makes the same calls.
///
/// A checkpoint is saved in two parts. First each carrier copies what it owns, while training
/// waits. Then a thread of each writes the copy to a file, while training goes on. When all have
/// ended, worker 0 commits the checkpoint.
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
  /// Begins a checkpoint after `epochs` and the steps of `position`, whose losses are those in
  /// `own`. The module has its parameters, not their average. `kept`: the weights that would be
  /// saved if the run stopped now. Does nothing if no step was taken since the last one. Waits for
  /// a checkpoint that is under way. Collective; blocks until the copies are made.
  void save(GradientAccumulator& accumulator, const torch::nn::Module& module,
            const std::vector<EpochResult>& epochs, EpochPosition position,
            const WorkerNumbers& own, const KeptWeights& kept);
  /// Whether this carrier is still writing.
  bool is_writing() const noexcept { return writing_.is_busy(); }
  /// Call it when no carrier is writing: worker 0 begins to commit the checkpoint, if there is one
  /// under way. What the disk refuses is a warning: the last good checkpoint stays. Collective.
  void commit();
  /// Waits for the checkpoint under way, and commits it. Returns, on worker 0, the path of the
  /// checkpoint of the last call of `save`; empty if the disk refused it. Collective; blocks.
  std::string finish();

 private:
  /// What worker 0 keeps of a checkpoint until it is committed.
  struct UnderWay {
    std::unique_ptr<CheckpointWriter> writer;
    std::string state;  // the text of state.json
    std::int64_t step = 0;
  };

  /// Whether the weights to be saved may be others than those of the module.
  bool has_kept(bool between_epochs) const noexcept;
  /// Worker 0 makes the folder. Returns its path, on every worker; empty if the disk refuses it.
  std::string make_folder(std::int64_t step);
  RunState state_of(const AccumulatorState& rest, const std::vector<EpochResult>& epochs,
                    EpochPosition position, WorkerNumbers all) const;
  void warn(const std::string& error) const;
  void wait_for_commit();

  const Environment& environment_;
  const TrainPlan& plan_;
  const ResumePoint* resume_;
  std::string folder_;
  std::int64_t saved_step_ = -1;

  bool under_way_ = false;   // the same on every worker
  SnapshotMemory snapshot_;  // of the checkpoint under way
  // On worker 0:
  std::optional<UnderWay> checkpoint_;
  std::string saved_;      // the path of the last good checkpoint of `save`
  std::string committed_;  // set by the thread that commits
  ContentSum written_;     // of this carrier's file; set by the thread that writes it
  // Last: they are waited for before the members that they use go.
  BackgroundJob writing_;
  BackgroundJob committing_;
};

}  // namespace dga
