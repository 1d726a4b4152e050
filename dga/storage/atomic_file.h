// SPDX-License-Identifier: Apache-2.0
//
// AtomicFile: a file that appears whole or not at all.

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "dga/storage/file_handle.h"

namespace dga {

/// Writes beside `path`, into a hidden file ".NAME.PID-N.dga-tmp"; commit() puts it in the place of
/// `path`. Readers see the old file or the new one, never a part, whatever is killed when. Once
/// commit() has returned the file survives a crash of everything. Without commit() nothing is left;
/// only a kill in between leaves the hidden file, which RunFolder sweeps up.
///
/// Everything throws StorageError, with the path and what to do.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const std::string& path() const noexcept { return path_; }
  /// Room on the disk for the first `bytes`, now instead of when they are written; see
  /// FileHandle::reserve.
  void reserve(std::int64_t bytes) { file_->reserve(bytes); }
  void append(std::span<const std::byte> bytes);
  void append(std::string_view text) { append(std::as_bytes(std::span(text))); }
  void commit();

 private:
  std::string path_;
  std::string temporary_;  // empty once committed
  std::unique_ptr<FileHandle> file_;
};

/// All of a file at once.
void atomic_write(const std::string& path, std::span<const std::byte> bytes);
void atomic_write(const std::string& path, std::string_view text);

/// Whether `name` (no folders) is one of the hidden files above.
bool is_temporary_name(std::string_view name) noexcept;

/// The whole of a file. Throws StorageError when it is missing or unreadable.
std::string read_file(const std::string& path);

}  // namespace dga
