// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/file_tree.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/machine_info.h"

namespace dga {
namespace {

void check_regular(const StorePath& path, const FileStatus& status) {
  if (!status.is_file() && !status.is_folder()) {
    throw StorageError(str("[storage] ", printable(path.text(), 4096),
                           ": expected a file or a folder, found ", status.nature,
                           ". Leave it out."));
  }
}

/// A folder in `folder`. Throws if a link leads from it to a folder above, which has no end.
StorePath folder_in(const StorePath& folder, const Entry& entry) {
  StorePath path = folder / entry.name;
  const std::string target = entry.status.is_link ? path.canonical() : "";
  if (target == "/" || (!target.empty() && (folder.canonical() + "/").starts_with(target + "/"))) {
    throw StorageError(str("[storage] ", printable(path.text(), 4096),
                           ": expected a folder or a link to another one, found a link to a folder "
                           "that contains it. Leave it out."));
  }
  return path;
}

void copy_bytes(const ByteSource& source, FileWriter& file, const CopyProgress& progress) {
  file.reserve(source.size());
  source.stream(0, source.size(), [&](std::span<const char> piece) {
    file.append(std::as_bytes(piece));
    if (progress) {
      progress(std::ssize(piece));
    }
  });
}

}  // namespace

FileStatus required_status(const StorePath& path) {
  const auto found = path.status();
  if (!found) {
    throw StorageError(str("[storage] ", printable(path.text(), 4096),
                           ": expected a file or a folder, found nothing there. Check the path."));
  }
  return *found;
}

void make_folders(const StorePath& folder, const std::function<void(const StorePath&)>& made) {
  const auto found = folder.status();
  if (found && found->is_folder()) {
    return;
  }
  if (!found) {
    if (const StorePath parent = folder.parent(); parent.text() != folder.text()) {
      make_folders(parent, made);
    }
    if (folder.make_folder()) {
      if (made) {
        made(folder);
      }
      return;
    }
  }
  if (!folder.is_folder()) {
    throw StorageError(str("[storage] ", folder.text(),
                           ": expected a folder or nothing, found another kind of file. Choose "
                           "another folder."));
  }
}

bool remove_tree(const StorePath& path) {
  const auto found = path.status();
  if (found && found->is_folder() && !found->is_link) {
    for (const Entry& entry : path.list()) {
      remove_tree(path / entry.name);
    }
  }
  return path.remove();
}

void copy_file(const StorePath& from, const StorePath& to, const CopyProgress& progress) {
  const SourcePtr source = from.open();
  const auto file = to.create();
  copy_bytes(*source, *file, progress);
  file->commit();
}

void copy_tree(const StorePath& from, const StorePath& to, const CopyProgress& progress) {
  const FileStatus status = required_status(from);
  check_regular(from, status);
  if (status.is_file()) {
    copy_file(from, to, progress);
    return;
  }
  const std::string source = from.canonical();
  if ((to.canonical() + "/").starts_with(source + "/")) {
    throw StorageError(str("[storage] ", printable(to.text(), 4096),
                           ": expected a folder outside the one that is copied, found it inside ",
                           printable(from.text(), 4096), ". Choose another folder."));
  }
  make_folders(to);
  for (const Entry& entry : from.list()) {
    copy_tree(entry.status.is_folder() ? folder_in(from, entry) : from / entry.name,
              to / entry.name, progress);
  }
}

void copy_to_new_folder(const CheckedFolder& from, std::span<const std::string> names,
                        const StorePath& to) {
  if (to.exists()) {
    throw StorageError(str("[storage] ", printable(to.text(), 4096),
                           ": expected nothing there, found a file or folder. Choose another "
                           "path."));
  }
  make_folders(to.parent());
  static std::atomic<unsigned> counter{0};  // only makes names differ
  const StorePath beside =
      to.parent() / str('.', to.name(), '.', host_name(), '-', ::getpid(), '-',
                        counter.fetch_add(1, std::memory_order_relaxed), kTemporarySuffix);
  make_folders(beside);
  try {
    for (const std::string& name : names) {
      const auto file = from.file(name);
      const auto copy = (beside / name).create();
      copy_bytes(*file, *copy, {});
      file->check();
      copy->commit();
    }
    beside.rename(to);
  } catch (...) {
    try {
      remove_tree(beside);
    } catch (const StorageError&) {
      // The first error counts.
    }
    throw;
  }
}

std::int64_t bytes_in(const StorePath& path) {
  const FileStatus status = required_status(path);
  if (!status.is_folder()) {
    return status.size;
  }
  std::int64_t bytes = 0;
  for (const Entry& entry : path.list()) {
    bytes += entry.status.is_folder() ? bytes_in(folder_in(path, entry)) : entry.status.size;
  }
  return bytes;
}

}  // namespace dga
