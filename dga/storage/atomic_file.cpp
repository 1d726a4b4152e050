// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "dga/base/error.h"

namespace dga {
namespace {

constexpr std::string_view kSuffix = ".dga-tmp";

// The process number and a counter give two writers of one path different names.
std::string temporary_for(const std::string& path) {
  static std::atomic<unsigned> counter{0};
  const std::filesystem::path target(path);
  const std::string name =
      str(".", target.filename().string(), ".", getpid(), "-", counter.fetch_add(1), kSuffix);
  return (target.parent_path() / name).string();
}

/// Where the file lies that `path` names: a link stays, and what it points to is replaced. Throws
/// StorageError if something is there that is neither a file nor a folder: a device must not be
/// replaced.
std::string target_of(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_type type = std::filesystem::status(path, error).type();
  if (!error && type != std::filesystem::file_type::regular &&
      type != std::filesystem::file_type::directory &&
      type != std::filesystem::file_type::not_found) {
    throw StorageError(str("[storage] ", path,
                           ": expected a file to write or nothing, found a device, a pipe or a "
                           "socket. Name a file."));
  }
  constexpr int kMostLinks = 40;  // as the kernel follows
  std::filesystem::path target(path);
  for (int i = 0; i < kMostLinks && std::filesystem::is_symlink(target, error); ++i) {
    target = target.parent_path() / std::filesystem::read_symlink(target, error);
  }
  return target.string();
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)), target_(target_of(path_)) {
  // Between the creation and the lock, remove_abandoned_files of another process may take the file
  // for an abandoned one. Then this tries again with another name.
  while (true) {
    std::string temporary = temporary_for(target_);
    file_ = std::make_unique<FileHandle>(temporary, O_WRONLY | O_CREAT | O_TRUNC, path_);
    std::error_code error;
    if (file_->lock() != FileHandle::Lock::held_by_another &&
        std::filesystem::exists(temporary, error)) {
      temporary_ = std::move(temporary);
      return;
    }
  }
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) {
    ::unlink(temporary_.c_str());
  }
}

void AtomicFile::append(std::span<const std::byte> bytes) {
  file_->write(bytes);
}

void AtomicFile::commit() {
  DGA_CHECK(!temporary_.empty(), "[storage] ", path_,
            ": expected one commit, found a second. Use a new AtomicFile.");
  file_->sync();
  file_->close();
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) {
    throw_storage_error(path_, "to write the file", errno);
  }
  temporary_.clear();
  sync_folder_of(target_);
}

void atomic_write(const std::string& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.append(bytes);
  file.commit();
}

void atomic_write(const std::string& path, std::string_view text) {
  atomic_write(path, std::as_bytes(std::span(text)));
}

void remove_abandoned_files(const std::string& folder) noexcept {
  std::error_code error;
  for (std::filesystem::directory_iterator entries(folder, error), end; !error && entries != end;
       entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    if (!name.starts_with('.') || !name.ends_with(kSuffix)) {
      continue;
    }
    try {
      // For writing, because NFS gives others no exclusive lock.
      FileHandle file(entries->path().string(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
      if (file.lock() == FileHandle::Lock::taken) {
        ::unlink(entries->path().c_str());
      }
    } catch (const StorageError&) {
      // It belongs to another user, or is gone already.
    }
  }
}

std::string read_file(const std::string& path) {
  FileHandle file(path, O_RDONLY);
  std::string bytes(static_cast<std::size_t>(file.size()), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::read(file.descriptor(), bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw_storage_error(path, "a readable file", errno);
    }
    if (count == 0) {
      break;  // the file has become shorter
    }
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace dga
