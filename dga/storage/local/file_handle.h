// SPDX-License-Identifier: Apache-2.0
//
// FileHandle: owns a file descriptor. Its calls throw a StorageError that names the path. Internal
// to the local store.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace dga {

class FileHandle {
 public:
  /// Calls open(2) with `flags` and O_CLOEXEC. New files get mode 0666, restricted by the umask.
  /// Errors name the file `shown`, or `path` if `shown` is empty.
  FileHandle(const std::string& path, int flags, const std::string& shown = {});
  ~FileHandle();
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;

  int descriptor() const noexcept { return descriptor_; }
  /// Writes all of `bytes`, in as few write(2) calls as the system allows.
  void write(std::span<const std::byte> bytes);
  /// Reserves disk space for the first `bytes` of the file without changing its size. Where a file
  /// system does not support it, only throws if the disk has less room.
  void reserve(std::int64_t bytes);
  /// Returns once everything that was written is on disk.
  void sync();
  enum class Lock { taken, held_by_another, not_supported };
  /// Locks the file (flock) as long as it is open, so that others can see that it has an owner.
  /// Does not wait.
  Lock lock() noexcept;
  std::int64_t size() const;
  void truncate(std::int64_t size);
  /// Closes the file and checks the result: some file systems report a full disk only then.
  void close();

 private:
  std::string shown_;
  int descriptor_ = -1;
};

/// Flushes the folder that contains `path` to disk, so that creating, renaming or removing files in
/// it survives a crash. Does nothing on file systems that cannot flush a folder.
void sync_folder_of(const std::string& path);

/// What a file was wanted for: it decides what an error advises.
enum class Access { read, write };

/// Throws a StorageError for a system call on `path` that failed with errno `error`. Its text
/// contains "expected `what`".
[[noreturn]] void throw_storage_error(const std::string& path, const std::string& what, int error,
                                      Access access = Access::write);

}  // namespace dga
