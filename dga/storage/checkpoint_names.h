// SPDX-License-Identifier: Apache-2.0
//
// The names of a checkpoint's files, and the beginnings of the names of its tensors.

#pragma once

#include <string>
#include <string_view>

namespace dga {

inline constexpr std::string_view kStateFile = "state.json";
/// The file with the tensors, or parts of tensors, of a carrier: "shard-00003.safetensors".
std::string tensor_file_of(int carrier);
bool is_tensor_file(std::string_view name) noexcept;

/// Parameters and buffers as they are trained.
inline constexpr const char* kModelTensors = "model/";
/// Those that the run saves, where they are others.
inline constexpr const char* kKeptTensors = "kept/";
/// The optimiser's state of each parameter: "optimizer/fc1.weight/exp_avg".
inline constexpr const char* kOptimizerTensors = "optimizer/";
/// The moving average of each trained parameter.
inline constexpr const char* kAverageTensors = "average/";
/// Each worker's values of the buffers, (workers, …), where they differ.
inline constexpr const char* kBufferTensors = "buffers/";
/// Of a program with a Checkpointer: its own tensors, "state/codebook", and those of each worker,
/// "workers/3/order".
inline constexpr const char* kStateTensors = "state/";
inline constexpr const char* kWorkerTensors = "workers/";

}  // namespace dga
