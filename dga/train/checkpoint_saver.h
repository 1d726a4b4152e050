// SPDX-License-Identifier: Apache-2.0
//
// CheckpointSaver: writes the checkpoints of the trainer and of Checkpointer, behind the steps.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dga/base/content_hash.h"
#include "dga/launch/environment.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/storage/checkpoints.h"
#include "dga/train/background_job.h"
#include "dga/train/checkpoint.h"

namespace dga {

/// Every carrier has one and makes the same calls.
///
/// A checkpoint is saved in two parts. First each carrier copies what it owns, while training
/// waits. Then a thread of each writes the copy to a file, while training goes on. When all have
/// ended, worker 0 commits the checkpoint.
class CheckpointSaver {
 public:
  /// Adds what a carrier writes besides the accumulator's state, and returns, on worker 0, the text
  /// of state.json. `rest`: the numbers of the accumulator. May throw.
  using Describe = std::function<std::string(const AccumulatorState& rest, CheckpointShard& shard)>;

  /// Keeps the newest `keep` checkpoints in the folder of the run. `environment` must outlive this.
  CheckpointSaver(const Environment& environment, std::string run_folder, int keep);

  /// Begins a checkpoint. Waits for one that is under way. What the disk refuses is a warning: the
  /// last good checkpoint stays. Collective; blocks until the copies are made. Every worker throws
  /// the same InvalidArgument if `describe` throws on one, or the accumulator cannot be saved; then
  /// there is no checkpoint of this call.
  void save(GradientAccumulator& accumulator, const Describe& describe);
  /// Whether this carrier is still writing.
  bool is_writing() const noexcept { return writing_.is_busy(); }
  /// Call it when no carrier is writing: worker 0 begins to commit the checkpoint, if there is one
  /// under way. Collective.
  void commit();
  /// The same if no carrier is writing. Returns false if one is. Collective.
  bool commit_if_written();
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

  /// Worker 0 makes the folder. Returns its path, on every worker; empty if the disk refuses it.
  std::string make_folder(std::int64_t step);
  void wait_for_commit();

  const Environment& environment_;
  std::string folder_;
  int keep_;
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
