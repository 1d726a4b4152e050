// SPDX-License-Identifier: Apache-2.0
//
// Checkpointer: saves and restores the training of a program of its own (worker API).

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dga/launch/environment.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/train/checkpoint_state.h"

namespace dga {

struct CheckpointerOptions {
  /// The number of checkpoints that are kept, the newest; 1 or more.
  int keep = 2;
};

struct LoadedCheckpoint {
  std::string path = {};
  std::int64_t step = 0;  ///< steps that the accumulator had taken or skipped
  int workers = 0;        ///< of the run that saved it
  CheckpointState common = {};
  /// Of each worker of Environment::block(). Empty if none was saved, and, with a warning, if the
  /// checkpoint is of another number of workers.
  std::vector<CheckpointState> own = {};
};

/// Saves what an accumulator needs to go on: parameters, optimiser, moving average, buffers, random
/// streams and step number, and the program's own state:
///
///     dga::Checkpointer checkpoints(env, "run1");
///     checkpoints.load(accumulator);
///     while (accumulator.num_steps() < 10000) {
///       ...
///       accumulator.step();
///       if (accumulator.num_steps() % 100 == 0) checkpoints.save(accumulator);
///     }
///
/// The files are those of `dga train`: RUN/checkpoints/step-..., which `dga checkpoint` lists,
/// verifies, exports and compares. Any number of carriers and of workers reads them.
///
/// All workers construct it, and make the same calls in the same order as their other collective
/// calls. Used by the worker's thread only.
class Checkpointer {
 public:
  /// `run_folder`: a plain path or a URI, the same on all workers, which all of them can write. It
  /// is made by the first `save`. `env` must outlive this. Not collective. Throws InvalidArgument
  /// for an empty folder and for `keep` below 1.
  Checkpointer(const Environment& env, const std::string& run_folder,
               CheckpointerOptions options = {});
  /// Calls `wait`, and so is collective, unless an exception is under way: then the checkpoint that
  /// is under way is given up, and no other worker is waited for.
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// Goes on from the newest checkpoint of the folder whose files are as they were written: sets
  /// the parameters, frozen parameters and buffers of accumulator.module(), and the state of
  /// `accumulator`. Damaged checkpoints are passed over with a warning on worker 0. Returns the
  /// same on every worker, but for `own`; nothing if there is no checkpoint. Call it between steps.
  /// Collective; blocks. If the checkpoint does not fit the module or the optimiser, or cannot be
  /// read, every worker throws the same InvalidArgument, and nothing is changed.
  std::optional<LoadedCheckpoint> load(GradientAccumulator& accumulator);

  /// Begins a checkpoint. It returns when everything is copied. A thread of each worker then writes
  /// its part, while training goes on. `common`: the state of the program, of which that of worker
  /// 0 is saved. `own`: that of each worker, one for each of Environment::block() in its order;
  /// none on all workers, or one for each.
  ///
  /// A checkpoint counts when it is complete: with the next `save`, `poll` or `wait` after all
  /// workers have written it. A run that is killed before goes on from the one before. What the
  /// disk refuses is a warning on worker 0, and the last good checkpoint stays.
  ///
  /// A second checkpoint of the same step replaces the first: until it is complete, that of this
  /// step is missing. Save after a step, then, and not between `load` and the first one. Call it
  /// between steps, while the module has its parameters, not their average. Collective; blocks.
  /// Every worker throws the same InvalidArgument, and there is no checkpoint then, for state that
  /// cannot be saved (see CheckpointState), and before the first `load` if the folder already has
  /// checkpoints: those of later steps would be removed.
  void save(GradientAccumulator& accumulator, const CheckpointState& common = {},
            const std::vector<CheckpointState>& own = {});
  /// Completes the checkpoint under way if all workers have written it. Costs a small all-reduce,
  /// and nothing when none is under way. Call it in each step if checkpoints are far apart.
  /// Collective; does not wait for files.
  void poll();
  /// Waits until the checkpoint under way is complete. Returns, on every worker, the path of that
  /// of the last call of `save`; empty if the disk refused it, or there was no call. Collective;
  /// blocks.
  std::string wait();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dga
