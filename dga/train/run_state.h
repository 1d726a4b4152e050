// SPDX-License-Identifier: Apache-2.0
//
// RunState: what a checkpoint says about a run besides its tensors (state.json).

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dga/base/fact.h"
#include "dga/options/run_options.h"
#include "dga/parallel/accumulator_state.h"
#include "dga/storage/run_results.h"
#include "dga/train/worker_times.h"

namespace dga {

/// The epoch under way.
struct EpochPosition {
  std::int64_t step = 0;            // steps of it that the run has taken; 0: none has begun
  std::int64_t skipped = 0;         // those of them that were skipped
  double seconds = 0;               // that they took
  std::vector<double> losses = {};  // (workers) summed over their samples

  bool is_between_epochs() const noexcept { return step == 0; }
};

/// Of a run that has finished some epochs, and some steps of the next.
struct RunState {
  RunOptions options = {};                 // as resolved
  std::vector<Fact> data = {};             // what tells the data from other data
  std::vector<EpochResult> epochs = {};    // those finished
  EpochPosition position = {};             // in the next
  std::vector<PhaseSeconds> seconds = {};  // (workers) of their steps
  std::vector<double> saved_errors = {};   // (workers) after the epoch to be saved; NaN: unknown
  /// How the number of workers has changed, up to that of `options`.
  std::vector<WorkersChange> workers_changed = {};
  bool has_kept = false;          // whether that epoch's weights are among the tensors
  AccumulatorState numbers = {};  // without tensors, which are in the other files

  /// Steps that were taken or skipped.
  std::int64_t step() const noexcept { return numbers.num_steps + numbers.num_skipped; }
};

/// The text of state.json, with a final newline.
std::string to_json(const RunState& state);

/// Reads it. Throws StorageError, which names `path`, if `text` is something else, or of another
/// schema.
RunState run_state_from_json(std::string_view text, const std::string& path);

/// Throws InvalidArgument, which names `path` and the first difference, unless a run with `options`
/// on data with the facts `data` may go on from `state`. Learning rate, epochs, engine, carriers
/// and the number of workers may change, and what does not change the weights.
void check_resumable(const RunState& state, const RunOptions& options,
                     const std::vector<Fact>& data, const std::string& path);

/// Makes `state` that of a run which goes on with `workers` workers, another number than before. An
/// epoch that was under way begins again: its samples are shared by others now. The new workers
/// have no times and errors of the steps before.
void change_workers(RunState& state, int workers);

/// The number of steps by which the learning-rate schedule is ahead of the steps taken: it follows
/// the epochs, which had other numbers of steps before the last of `changes`.
std::int64_t schedule_lead(const std::vector<WorkersChange>& changes, std::int64_t steps_per_epoch);

}  // namespace dga
