// SPDX-License-Identifier: Apache-2.0
//
// Tensors of a checkpoint whose contents a test writes down.

#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "dga/storage/checkpoint_names.h"
#include "dga/storage/safetensors.h"
#include "dga/storage/store_path.h"

namespace dga::test {

struct MadeUpTensor {
  TensorView view;  // without data
  std::vector<std::byte> bytes;
};

template <typename T>
MadeUpTensor tensor(const std::string& name, const std::vector<std::int64_t>& shape,
                    const std::vector<std::type_identity_t<T>>& values) {
  MadeUpTensor made{.view = {.name = name, .type = dtype_of<T>(), .shape = shape},
                    .bytes = std::vector<std::byte>(values.size() * sizeof(T))};
  if (!values.empty()) {
    std::memcpy(made.bytes.data(), values.data(), made.bytes.size());
  }
  return made;
}

/// Writes them as the checkpoint in `folder` has them.
inline void write_tensors(const std::string& folder, const std::vector<MadeUpTensor>& tensors) {
  std::vector<TensorView> views;
  for (const MadeUpTensor& each : tensors) {
    views.push_back(each.view);
    views.back().data = each.bytes.data();
  }
  write_safetensors(path_in(folder, kTensorsFile), views);
}

}  // namespace dga::test
