// SPDX-License-Identifier: Apache-2.0
//
// Tensor parts: what a carrier writes of the tensors of a checkpoint to its own safetensors file. A
// part is a run of a tensor's elements in the order in which they lie in memory. A tensor that is
// whole is stored under its name. Other parts are stored under "NAME[FIRST]", in one dimension, and
// the file's metadata says of which tensor they are.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dga/base/dtype.h"
#include "dga/storage/safetensors.h"

namespace dga {

class AtomicFile;

struct TensorPart {
  std::string name = {};  // of the whole tensor
  DType type = DType::f32;
  std::vector<std::int64_t> shape = {};  // of the whole; empty: a scalar
  /// Of the whole, in elements, if it is dense but not row-major; empty: row-major.
  std::vector<std::int64_t> strides = {};
  std::int64_t first = 0;  // element, in the order of memory
  std::int64_t count = 0;
  const void* data = nullptr;
};

/// Writes `parts` to `file`, which must be empty, and commits it. `order`: names of tensors, of
/// this file or others, in the order in which readers want them. Throws as write_safetensors does.
void write_tensor_parts(AtomicFile& file, std::span<const TensorPart> parts,
                        const std::vector<std::string>& order = {});

/// The order in a file; empty if it has none. Throws StorageError for other contents.
std::vector<std::string> stored_order(const Safetensors& file);

/// The parts in a file, in the order of file.tensors(), without their data. Throws StorageError for
/// parts that do not lie within their tensor, and for strides of a tensor that is not dense.
std::vector<TensorPart> stored_parts(const Safetensors& file);

/// The number of elements of a tensor. Sizes must be 0 or more, and their product below 2^63.
std::int64_t elements_of(const std::vector<std::int64_t>& shape) noexcept;

}  // namespace dga
