// SPDX-License-Identifier: Apache-2.0
//
// Pickled values: tensors and numbers as bytes that other ranks can read. Internal to the room.

#pragma once

#include <ATen/core/ivalue.h>

#include <string>
#include <vector>

namespace dga {

std::string pickled(const std::vector<c10::IValue>& values);
std::vector<c10::IValue> unpickled(const std::string& bytes);

}  // namespace dga
