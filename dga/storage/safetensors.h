// SPDX-License-Identifier: Apache-2.0
//
// Safetensors: named tensors in one file, in the format of Python's `safetensors`
// (https://github.com/huggingface/safetensors): eight bytes with the length of the header, a JSON
// header, and the bytes of the tensors, all little-endian. Such a file contains no executable code.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "dga/storage/byte_source.h"
#include "dga/storage/tensor_view.h"

namespace dga {

class AtomicFile;

using Metadata = std::map<std::string, std::string>;

/// Appends the beginning of a file of `tensors` to `file`, which must be empty; their bytes, in
/// this order, are up to the caller. Their data is not used. Throws as write_safetensors does.
void append_safetensors_header(AtomicFile& file, std::span<const TensorView> tensors,
                               const Metadata& metadata = {});
/// Writes `tensors`, in this order, to `file`, which must be empty, and commits it. Throws
/// InvalidArgument for two tensors of one name, a negative size or missing data, and StorageError
/// if the file cannot be written.
void write_safetensors(AtomicFile& file, std::span<const TensorView> tensors,
                       const Metadata& metadata = {});
/// Writes `tensors` to an AtomicFile at `path`.
void write_safetensors(const std::string& path, std::span<const TensorView> tensors,
                       const Metadata& metadata = {});

/// A dense, row-major tensor in a file.
struct StoredTensor {
  std::string name = {};
  DType type = DType::f32;
  std::vector<std::int64_t> shape = {};  // empty: a scalar
  std::int64_t first = 0;                // where its bytes begin in the file
  std::int64_t bytes = 0;
};

/// A file of which the header is in memory. Thread-safe.
class Safetensors {
 public:
  /// Reads the header of the file at `path`, a plain path or a URI. Throws StorageError if the file
  /// is missing, truncated, not of this format, or contains a type other than those of DType.
  explicit Safetensors(const std::string& path);
  /// The same for a file that is open.
  explicit Safetensors(SourcePtr file);

  const std::string& path() const noexcept { return path_; }
  /// The tensors, in the order of their bytes in the file.
  const std::vector<StoredTensor>& tensors() const noexcept { return tensors_; }
  const Metadata& metadata() const noexcept { return metadata_; }
  /// The tensor called `name`. Throws StorageError if there is none.
  const StoredTensor& at(const std::string& name) const;
  /// Reads `tensor`, one of this file, into memory of its size. Throws StorageError.
  void read(const StoredTensor& tensor, std::span<std::byte> into) const;
  /// Reads bytes of it, from `first` on, counted within it. Throws InvalidArgument if they do not
  /// lie within it.
  void read(const StoredTensor& tensor, std::int64_t first, std::span<std::byte> into) const;

 private:
  void read_header(const std::string& header, std::int64_t first_data);

  std::string path_;
  SourcePtr file_;
  std::vector<StoredTensor> tensors_;
  Metadata metadata_;
};

}  // namespace dga
