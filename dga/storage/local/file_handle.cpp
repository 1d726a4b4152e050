// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/local/file_handle.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "dga/base/descriptor.h"
#include "dga/base/error.h"
#include "dga/storage/byte_source.h"

namespace dga {
namespace {

constexpr std::int64_t kStatBlock = 512;  // bytes in a unit of st_blocks

const char* remedy_of_reading(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "Check its permissions.";
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
      return "Check the path.";
    default:
      return "Check the disk.";
  }
}

const char* remedy_of_writing(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "Free some disk space, or choose another folder.";
    case EFBIG:
      return "Raise the limit on file sizes (ulimit -f), or choose another folder.";
    case EACCES:
    case EPERM:
    case EROFS:
      return "Choose a writable folder, or change the permissions.";
    case ENOENT:
    case ENOTDIR:
      return "Check the path.";
    default:
      return "Check the disk, or choose another folder.";
  }
}

}  // namespace

void throw_storage_error(const std::string& path, const std::string& what, int error,
                         Access access) {
  const char* remedy = access == Access::read ? remedy_of_reading(error) : remedy_of_writing(error);
  throw StorageError(str("[storage] ", printable(path, 4096), ": expected ", what, ", found \"",
                         std::generic_category().message(error), "\". ", remedy));
}

FileHandle::FileHandle(const std::string& path, int flags, const std::string& shown)
    : shown_(shown.empty() ? path : shown),
      descriptor_(above_standard(::open(path.c_str(), flags | O_CLOEXEC, 0666))) {
  if (descriptor_ < 0) {
    const bool reading = (flags & O_ACCMODE) == O_RDONLY;
    throw_storage_error(shown_, reading ? "a readable file" : "to write the file", errno,
                        reading ? Access::read : Access::write);
  }
}

FileHandle::~FileHandle() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

void FileHandle::write(std::span<const std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      throw_storage_error(shown_, str("room for ", bytes.size(), " bytes"), errno);
    }
    done += static_cast<std::size_t>(count);
  }
}

void FileHandle::reserve(std::int64_t bytes) {
  // The system would take what is left before it fails, and other writers would find no room then.
  struct stat info {};
  struct statvfs disk {};
  if (::fstat(descriptor_, &info) == 0 && ::fstatvfs(descriptor_, &disk) == 0 &&
      disk.f_blocks > 0 &&  // 0: no limit
      bytes - info.st_blocks * kStatBlock >
          static_cast<std::int64_t>(disk.f_bavail * disk.f_frsize)) {
    throw_storage_error(shown_, str("room for ", bytes, " bytes"), ENOSPC);
  }
  while (bytes > 0 && ::fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, 0, bytes) != 0) {
    if (errno == EOPNOTSUPP || errno == ENOSYS) {
      return;
    }
    if (errno != EINTR) {
      throw_storage_error(shown_, str("room for ", bytes, " bytes"), errno);
    }
  }
}

void FileHandle::sync() {
  if (::fsync(descriptor_) != 0) {
    throw_storage_error(shown_, "to flush the file to disk", errno);
  }
}

FileHandle::Lock FileHandle::lock() noexcept {
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) {
    return Lock::taken;
  }
  return errno == EWOULDBLOCK ? Lock::held_by_another : Lock::not_supported;
}

std::int64_t FileHandle::size() const {
  struct stat info {};
  if (::fstat(descriptor_, &info) != 0) {
    throw_storage_error(shown_, "to read the size of the file", errno);
  }
  return info.st_size;
}

void FileHandle::truncate(std::int64_t size) {
  if (::ftruncate(descriptor_, size) != 0) {
    throw_storage_error(shown_, "to shorten the file", errno);
  }
}

void FileHandle::close() {
  const int descriptor = std::exchange(descriptor_, -1);
  if (::close(descriptor) != 0 && errno != EINTR) {
    throw_storage_error(shown_, "to flush the file to disk", errno);
  }
}

void sync_folder_of(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  const FileHandle handle(folder, O_RDONLY | O_DIRECTORY);
  if (::fsync(handle.descriptor()) != 0 && errno != EINVAL && errno != ENOTSUP) {
    throw_storage_error(folder, "to flush the folder to disk", errno);
  }
}

}  // namespace dga
