// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>

#include "dga/comm/shared_buffer.h"

namespace dga {

/// Two buffers in the order of a ParameterLayout, and what keeps their memory alive: the
/// parameters, of which each node has one copy, and the gradients of one worker.
struct FlatBuffers {
  SharedBuffer parameter_memory;
  std::byte* parameters;
  SharedBuffer gradient_memory;
  std::byte* gradients;
};

}  // namespace dga
