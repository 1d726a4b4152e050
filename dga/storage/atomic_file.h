// SPDX-License-Identifier: Apache-2.0
//
// AtomicFile: writes a file that appears as a whole or not at all.

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "dga/storage/file_handle.h"

namespace dga {

/// Writes to a hidden file ".NAME.PID-N.dga-tmp" beside `path`, which commit() flushes to disk and
/// renames to `path`. At any time, readers see either the old file or the new one. After commit()
/// has returned, the file survives a crash of the machine. Without commit() the destructor removes
/// the hidden file. A kill leaves it behind; the next RunFolder in its folder removes it. The
/// hidden file is locked (flock), which tells it from one that a kill left.
///
/// Where `path` is a link, the file that it points to is written. A device, a pipe or a socket at
/// `path` is an error.
///
/// All members throw StorageError. Not thread-safe; several objects may write the same path.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const std::string& path() const noexcept { return path_; }
  /// Reserves disk space for the first `bytes` of the file, so that a full disk is reported now;
  /// see FileHandle::reserve.
  void reserve(std::int64_t bytes) { file_->reserve(bytes); }
  void append(std::span<const std::byte> bytes);
  void append(std::string_view text) { append(std::as_bytes(std::span(text))); }
  /// Call it once, after the last append.
  void commit();

 private:
  std::string path_;
  std::string target_;     // path_, or the file that it links to
  std::string temporary_;  // empty once committed
  std::unique_ptr<FileHandle> file_;
};

/// Writes a whole file through an AtomicFile. Throws StorageError.
void atomic_write(const std::string& path, std::span<const std::byte> bytes);
void atomic_write(const std::string& path, std::string_view text);

/// Removes the hidden files in `folder` whose AtomicFile no longer exists, because its process was
/// killed. What cannot be removed stays.
void remove_abandoned_files(const std::string& folder) noexcept;

/// Returns the contents of a file. Throws StorageError if it is missing or unreadable.
std::string read_file(const std::string& path);

}  // namespace dga
