// SPDX-License-Identifier: Apache-2.0
//
// CheckpointTensors: reads the tensors of a checkpoint, whose parts lie in the files of its
// carriers.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dga/base/dtype.h"
#include "dga/storage/safetensors.h"

namespace dga {

struct CheckpointTensor {
  std::string name = {};  // with its beginning: "model/fc1.weight"
  DType type = DType::f32;
  std::vector<std::int64_t> shape = {};  // empty: a scalar
  /// In elements, if its elements are stored in another order than row-major; else empty.
  std::vector<std::int64_t> strides = {};
  std::int64_t bytes = 0;
};

/// Bytes of a tensor that are kept in memory at a time; whole elements of each type.
inline constexpr std::int64_t kTensorBlock = std::int64_t{16} << 20;

/// Only the names and shapes are kept in memory, and the last tensor that was read in another order
/// than its own. All members throw StorageError, unless they say otherwise. Thread-safe.
class CheckpointTensors {
 public:
  /// Opens the tensors of the checkpoint in the folder `path`, which must be verified: damaged
  /// elements are not noticed here. Throws StorageError unless the parts make up whole tensors.
  explicit CheckpointTensors(const std::string& path);

  /// The folder of the checkpoint.
  const std::string& path() const noexcept { return path_; }
  /// In the order of their names.
  const std::vector<CheckpointTensor>& tensors() const noexcept { return tensors_; }
  /// The names of the model's tensors, in its order.
  const std::vector<std::string>& model_order() const noexcept { return model_order_; }
  /// The tensor called `name`, or null.
  const CheckpointTensor* find(std::string_view name) const noexcept;
  /// The same; throws if there is none.
  const CheckpointTensor& at(std::string_view name) const;
  /// Whether the names of some tensors begin with `prefix`.
  bool has_any(std::string_view prefix) const noexcept;
  /// The tensors whose names begin with `prefix`.
  std::span<const CheckpointTensor> with_prefix(std::string_view prefix) const noexcept;

  /// Reads bytes of `tensor`, one of these, in row-major order, from `first` on. Throws
  /// InvalidArgument if they do not lie within it.
  void read(const CheckpointTensor& tensor, std::int64_t first, std::span<std::byte> into) const;
  /// The same in the order in which they are stored.
  void read_as_stored(const CheckpointTensor& tensor, std::int64_t first,
                      std::span<std::byte> into) const;
  /// Calls `use` with the bytes of `tensor` in row-major order, at most kTensorBlock at a time.
  void for_each_block(const CheckpointTensor& tensor,
                      const std::function<void(std::span<const std::byte>)>& use) const;

 private:
  struct Part {
    std::size_t file = 0;    // in files_
    std::size_t tensor = 0;  // in the file's tensors
    std::int64_t first = 0;  // byte of the whole tensor
    std::int64_t bytes = 0;
  };

  std::size_t place_of(const CheckpointTensor& tensor) const;
  void add(std::size_t file, std::map<std::string, std::size_t, std::less<>>& places);
  void check_parts() const;
  /// All bytes of a tensor in row-major order.
  std::shared_ptr<const std::vector<std::byte>> in_row_major(const CheckpointTensor& tensor) const;

  std::string path_;
  std::vector<std::unique_ptr<Safetensors>> files_;
  std::vector<CheckpointTensor> tensors_;  // sorted by name
  std::vector<std::vector<Part>> parts_;   // of each tensor, ascending
  std::vector<std::string> model_order_;
  mutable std::mutex mutex_;  // of the two below
  mutable std::string last_name_;
  mutable std::shared_ptr<const std::vector<std::byte>> last_;
};

}  // namespace dga
