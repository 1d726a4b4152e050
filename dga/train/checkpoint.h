// SPDX-License-Identifier: Apache-2.0
//
// Checkpoint: the state of a run between two steps, as worker 0 writes and reads it.

#pragma once

#include <string>
#include <vector>

#include "dga/parallel/accumulator_state.h"
#include "dga/train/kept_weights.h"
#include "dga/train/run_state.h"

namespace torch::nn {
class Module;
}

namespace dga {

struct Checkpoint {
  RunState state = {};
  AccumulatorState accumulator = {};
};

/// Writes a checkpoint of a run to its folder, and removes old ones: all but the newest `keep`.
/// Returns its path.
/// `kept`: the weights of the epoch to be saved, where state.has_kept. Called by worker 0. Throws
/// StorageError; what was there before then stays.
std::string write_checkpoint(const std::string& run_folder, int keep, const Checkpoint& checkpoint,
                             const torch::nn::Module& module, const KeptWeights& kept);

/// Reads the checkpoint at `path`, which must be verified: sets the parameters and buffers of
/// `module`, and `kept` where state.has_kept. `state`: read_state(path). Throws StorageError, and
/// changes nothing then, if a tensor is missing or has another shape or type.
AccumulatorState read_checkpoint(const std::string& path, const RunState& state,
                                 torch::nn::Module& module, KeptWeights& kept);
RunState read_state(const std::string& path);

}  // namespace dga
