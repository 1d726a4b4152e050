// SPDX-License-Identifier: Apache-2.0
//
// ExportedWeights: the weights of a checkpoint in a safetensors file, under the module's names.

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "dga/storage/checkpoint_tensors.h"

namespace dga {

enum class WeightChoice : std::uint8_t {
  model,    ///< as they are trained
  average,  ///< the moving average of the trained parameters, and what else the model has
  kept,     ///< those that the run saves: of the best epoch, or the average at its end
};

struct ExportedWeights {
  std::int64_t tensors = 0;
  std::int64_t bytes = 0;  // of the file
};

/// Writes the parameters and buffers of the verified checkpoint `from` to the file `to`, which
/// appears as a whole; a file that is there is replaced. Keeps one block of a tensor in memory, and
/// calls `progress` before each. Throws StorageError, also if the checkpoint has no such weights,
/// and what `progress` throws; then `to` is as before.
ExportedWeights export_weights(const CheckpointTensors& from, WeightChoice choice,
                               const std::string& to, const std::function<void()>& progress = {});

}  // namespace dga
