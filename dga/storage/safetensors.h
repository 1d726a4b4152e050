// SPDX-License-Identifier: Apache-2.0
//
// Safetensors: named tensors in one file, in the format that Python's `safetensors` reads and
// writes (https://github.com/huggingface/safetensors): eight bytes with the header's length, a JSON
// header, the tensors' bytes. Little-endian, no code, nothing executable.

#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "dga/storage/tensor_view.h"

namespace dga {

class AtomicFile;

using Metadata = std::map<std::string, std::string>;

/// Writes `tensors` in that order to a file that is still empty, and commits it. Throws
/// InvalidArgument for two tensors of one name, a negative size, or missing data; StorageError when
/// the disk does not take it.
void write_safetensors(AtomicFile& file, std::span<const TensorView> tensors,
                       const Metadata& metadata = {});
/// The same to a new file in the place of `path`.
void write_safetensors(const std::string& path, std::span<const TensorView> tensors,
                       const Metadata& metadata = {});

/// A file read into memory. Views into it stay valid as long as it does.
class Safetensors {
 public:
  /// Throws StorageError for a file that is missing, cut off, or not of this format, or has tensors
  /// of a type that dga does not know.
  explicit Safetensors(const std::string& path);

  /// In the order of their bytes in the file.
  const std::vector<TensorView>& tensors() const noexcept { return tensors_; }
  const Metadata& metadata() const noexcept { return metadata_; }
  /// Throws StorageError when there is none of that name.
  const TensorView& at(const std::string& name) const;

 private:
  void read_header(std::size_t header_bytes);

  std::string path_;
  std::string bytes_;
  std::vector<TensorView> tensors_;
  Metadata metadata_;
};

}  // namespace dga
