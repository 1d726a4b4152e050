// SPDX-License-Identifier: Apache-2.0
//
// AtomicFile: writes a file that appears as a whole or not at all.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "dga/base/content_hash.h"
#include "dga/storage/store.h"

namespace dga {

/// Paths here are those of StorePath: plain ones or URIs.
///
/// At any time, readers see either the old file or the new one. After commit() has returned, the
/// file survives a crash of the machine. Without commit() nothing changes. A kill may leave a
/// hidden file behind; the next RunFolder in its folder removes it.
///
/// All members throw StorageError, and the constructor InvalidArgument for a path of an unknown
/// kind. Not thread-safe; several objects may write the same path.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);

  const std::string& path() const noexcept { return path_; }
  /// Reserves room for the first `bytes` of the file, so that a full disk is reported now.
  void reserve(std::int64_t bytes) { writer_->reserve(bytes); }
  void append(std::span<const std::byte> bytes);
  void append(std::string_view text) { append(std::as_bytes(std::span(text))); }
  /// Call it once, after the last append.
  void commit();
  /// The sum of all bytes as they were appended, also after commit(). What the disk has may differ
  /// only by damage.
  ContentSum written() const { return hash_.sum(); }

 private:
  std::string path_;
  std::unique_ptr<FileWriter> writer_;
  ContentHash hash_;
  bool committed_ = false;
};

/// Writes a whole file through an AtomicFile. Throws StorageError.
void atomic_write(const std::string& path, std::span<const std::byte> bytes);
void atomic_write(const std::string& path, std::string_view text);

/// Returns the contents of a file. Throws StorageError if it is missing or unreadable.
std::string read_file(const std::string& path);

}  // namespace dga
