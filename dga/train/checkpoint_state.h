// SPDX-License-Identifier: Apache-2.0
//
// CheckpointState: what a program adds to the checkpoints of its Checkpointer.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>

namespace dga {

/// Names and texts are UTF-8; other bytes go into a tensor of u8. Numbers may be infinite or NaN.
/// Tensors are dense, on the CPU, of f32, f64, f16, bf16, i32, i64, u8, i8 or bool.
struct CheckpointState {
  std::map<std::string, std::int64_t> integers = {};
  std::map<std::string, double> numbers = {};
  std::map<std::string, std::string> texts = {};
  std::map<std::string, at::Tensor> tensors = {};
};

}  // namespace dga
