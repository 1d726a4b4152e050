// SPDX-License-Identifier: Apache-2.0
//
// FileHandle: an open file descriptor and the few calls dga makes on it, each of which throws a
// StorageError that names the path. Internal to the room.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace dga {

class FileHandle {
 public:
  /// open(2) with O_CLOEXEC added; new files get mode 0666 less the umask. Errors speak of `shown`,
  /// which is `path` unless given.
  FileHandle(const std::string& path, int flags, const std::string& shown = {});
  ~FileHandle();
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;

  int descriptor() const noexcept { return descriptor_; }
  /// All of `bytes`, in as few write(2) calls as the system allows.
  void write(std::span<const std::byte> bytes);
  /// Makes sure that the next `bytes` from the beginning of the file have room on the disk, without
  /// changing its size. Where the file system cannot say, nothing happens.
  void reserve(std::int64_t bytes);
  /// Returns once everything written lies on the disk.
  void sync();
  std::int64_t size() const;
  void truncate(std::int64_t size);
  /// What close(2) says matters: some file systems report a full disk only there.
  void close();

 private:
  std::string shown_;
  int descriptor_ = -1;
};

/// Makes names that were added to or removed from the folder of `path` last. File systems that
/// cannot sync a folder are taken to need no such thing.
void sync_folder_of(const std::string& path);

/// Throws the StorageError for a call on `path` that failed with `error`; `what` completes
/// "expected".
[[noreturn]] void throw_storage_error(const std::string& path, const std::string& what, int error);

}  // namespace dga
