// SPDX-License-Identifier: Apache-2.0
//
// CheckpointTensors: reads the tensors of a checkpoint, and knows how they lie in its files.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dga/base/dtype.h"
#include "dga/storage/safetensors.h"

namespace dga {

/// A dense, row-major tensor of a checkpoint.
struct CheckpointTensor {
  std::string name = {};  // with its beginning: "model/fc1.weight"
  DType type = DType::f32;
  std::vector<std::int64_t> shape = {};  // empty: a scalar
  std::int64_t bytes = 0;
};

/// Bytes of a tensor that are kept in memory at a time; whole elements of each type.
inline constexpr std::int64_t kTensorBlock = std::int64_t{16} << 20;

/// Only the names and shapes are kept in memory. All members throw StorageError, unless they say
/// otherwise. Thread-safe.
class CheckpointTensors {
 public:
  /// Opens the tensors of the checkpoint in the folder `path`, which must be verified: a damaged
  /// tensor is not noticed here.
  explicit CheckpointTensors(const std::string& path);

  /// The folder of the checkpoint.
  const std::string& path() const noexcept { return path_; }
  /// In the order in which they were written.
  const std::vector<CheckpointTensor>& tensors() const noexcept { return tensors_; }
  /// The tensor called `name`, or null.
  const CheckpointTensor* find(std::string_view name) const noexcept;
  /// The same; throws if there is none.
  const CheckpointTensor& at(std::string_view name) const;
  /// Whether the names of some tensors begin with `prefix`.
  bool has_any(std::string_view prefix) const noexcept;

  /// Reads bytes of `tensor`, one of these, from `first` on. Throws InvalidArgument if they do not
  /// lie within it.
  void read(const CheckpointTensor& tensor, std::int64_t first, std::span<std::byte> into) const;
  /// Calls `use` with the bytes of `tensor` in order, at most kTensorBlock at a time.
  void for_each_block(const CheckpointTensor& tensor,
                      const std::function<void(std::span<const std::byte>)>& use) const;

 private:
  std::string path_;
  Safetensors file_;
  std::vector<CheckpointTensor> tensors_;
  std::map<std::string, std::size_t, std::less<>> places_;  // in tensors_ and file_.tensors()
};

}  // namespace dga
