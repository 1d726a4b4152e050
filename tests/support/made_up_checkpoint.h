// SPDX-License-Identifier: Apache-2.0
//
// Tensors of a checkpoint whose contents a test writes down.

#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "dga/storage/atomic_file.h"
#include "dga/storage/checkpoint_names.h"
#include "dga/storage/manifest.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/store_path.h"
#include "dga/storage/tensor_parts.h"
#include "dga/storage/tensor_view.h"

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
  std::vector<TensorPart> parts;
  std::vector<std::string> order;
  for (const MadeUpTensor& each : tensors) {
    parts.push_back({.name = each.view.name,
                     .type = each.view.type,
                     .shape = each.view.shape,
                     .count = each.view.elements(),
                     .data = each.bytes.data()});
    if (each.view.name.starts_with(kModelTensors)) {
      order.push_back(each.view.name);
    }
  }
  AtomicFile file(path_in(folder, tensor_file_of(0)));
  write_tensor_parts(file, parts, order);
  Manifest manifest;
  manifest.files[tensor_file_of(0)] = file.written();
  atomic_write(path_in(folder, kManifestFile), to_json(manifest));
}

}  // namespace dga::test
