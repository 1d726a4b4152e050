// SPDX-License-Identifier: Apache-2.0
//
// Safetensors: named tensors in one file, in the format of Python's `safetensors`
// (https://github.com/huggingface/safetensors): eight bytes with the length of the header, a JSON
// header, and the bytes of the tensors, all little-endian. Such a file contains no executable code.

#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "dga/storage/tensor_view.h"

namespace dga {

class AtomicFile;

using Metadata = std::map<std::string, std::string>;

/// Writes `tensors`, in this order, to `file`, which must be empty, and commits it. Throws
/// InvalidArgument for two tensors of one name, a negative size or missing data, and StorageError
/// if the file cannot be written.
void write_safetensors(AtomicFile& file, std::span<const TensorView> tensors,
                       const Metadata& metadata = {});
/// Writes `tensors` to an AtomicFile at `path`.
void write_safetensors(const std::string& path, std::span<const TensorView> tensors,
                       const Metadata& metadata = {});

/// A file in memory. Its tensors are views that stay valid as long as the object.
class Safetensors {
 public:
  /// Reads a file. Throws StorageError if it is missing, truncated, not of this format, or contains
  /// a type other than those of DType.
  explicit Safetensors(const std::string& path);

  /// The tensors, in the order of their bytes in the file.
  const std::vector<TensorView>& tensors() const noexcept { return tensors_; }
  const Metadata& metadata() const noexcept { return metadata_; }
  /// The tensor called `name`. Throws StorageError if there is none.
  const TensorView& at(const std::string& name) const;

 private:
  void read_header(std::size_t header_bytes);

  std::string path_;
  std::string bytes_;
  std::vector<TensorView> tensors_;
  Metadata metadata_;
};

}  // namespace dga
