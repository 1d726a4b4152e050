// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/local/local_file_writer.h"

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

// The process number and a counter give two writers of one path different names.
std::string temporary_for(const std::string& path) {
  static std::atomic<unsigned> counter{0};
  const std::filesystem::path target(path);
  const std::string name = str(".", target.filename().string(), ".", getpid(), "-",
                               counter.fetch_add(1), kTemporarySuffix);
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

LocalFileWriter::LocalFileWriter(std::string path)
    : path_(std::move(path)), target_(target_of(path_)) {
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

LocalFileWriter::~LocalFileWriter() {
  if (!temporary_.empty()) {
    ::unlink(temporary_.c_str());
  }
}

void LocalFileWriter::commit() {
  file_->sync();
  file_->close();
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) {
    throw_storage_error(path_, "to write the file", errno);
  }
  temporary_.clear();
  sync_folder_of(target_);
}

void remove_abandoned_files(const std::string& folder) noexcept {
  std::error_code error;
  for (std::filesystem::directory_iterator entries(folder, error), end; !error && entries != end;
       entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    if (!name.starts_with('.') || !name.ends_with(kTemporarySuffix)) {
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

}  // namespace dga
