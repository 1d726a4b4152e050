// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/local/local_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/parallel_for.h"
#include "dga/base/topology.h"
#include "dga/storage/local/file_handle.h"
#include "dga/storage/local/local_file_writer.h"

namespace dga {
namespace {

namespace fs = std::filesystem;

/// What is at `path`, which is neither a regular file nor a folder.
std::string nature_of(const std::string& path, mode_t mode) {
  if (S_ISFIFO(mode)) {
    return "a pipe";
  }
  if (S_ISSOCK(mode)) {
    return "a socket";
  }
  if (S_ISBLK(mode) || S_ISCHR(mode)) {
    return "a device";
  }
  std::error_code error;
  const fs::path target = fs::read_symlink(path, error);
  return error ? "something else"
               : str("a link to ", printable(target.string(), 4096), ", where nothing can be read");
}

/// A link to nothing, or in a circle, is something of its own.
std::optional<FileStatus> status_of_link(const std::string& path, int error) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode)) {
    return FileStatus{
        .kind = FileStatus::Kind::other, .nature = nature_of(path, info.st_mode), .is_link = true};
  }
  if (error == ENOENT || error == ENOTDIR) {
    return std::nullopt;
  }
  throw_storage_error(path, "a readable folder or file", error, Access::read);
}

/// Differs after the contents of a file have changed.
std::string version_of(const struct stat& info) {
  return str(info.st_dev, ' ', info.st_ino, ' ', info.st_size, ' ', info.st_mtim.tv_sec, ' ',
             info.st_mtim.tv_nsec);
}

/// Programs can set the time of modification, as `cp -p` and `rsync -t` do, but not that of change.
std::string stamp_of(const struct stat& info) {
  return str(info.st_ino, ' ', info.st_size, ' ', info.st_mtim.tv_sec, ' ', info.st_mtim.tv_nsec,
             ' ', info.st_ctim.tv_sec, ' ', info.st_ctim.tv_nsec);
}

/// Opens the file anew for each read, so that a folder of ten thousand files needs few descriptors.
class LocalFile final : public ByteSource {
 public:
  LocalFile(std::string path, const FileStatus& status)
      : path_(std::move(path)),
        name_(printable(path_, 4096)),
        size_(status.size),
        version_(status.version) {}

  const std::string& name() const override { return name_; }
  std::int64_t size() const override { return size_; }

  void read(std::int64_t offset, std::span<char> into) const override {
    const FileHandle file(path_, O_RDONLY);
    // Most of the time of a long read goes into new pages of `into`, so several threads help.
    constexpr std::size_t kPiece = std::size_t{8} << 20;
    constexpr int kMostThreads = 4;
    const std::size_t pieces = std::max<std::size_t>(1, into.size() / kPiece);
    const std::size_t piece = (into.size() + pieces - 1) / pieces;
    parallel_for(static_cast<std::int64_t>(pieces),
                 pieces > 1 ? std::min(kMostThreads, usable_cores()) : 1,
                 [&](std::int64_t i, int /*thread*/) {
                   const std::size_t first = static_cast<std::size_t>(i) * piece;
                   read_piece(file, offset + static_cast<std::int64_t>(first),
                              into.subspan(first, std::min(piece, into.size() - first)));
                 });
    // Afterwards, so that what was read is older than a change that is not seen here.
    struct stat info {};
    if (::fstat(file.descriptor(), &info) != 0 || version_of(info) != version_) {
      throw StorageError(
          str("[storage] ", name_, ": expected the file as it was when it was opened, ",
              "found that it has changed. Do not change the file while it is read."));
    }
  }

 private:
  void read_piece(const FileHandle& file, std::int64_t offset, std::span<char> into) const {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t count = ::pread(file.descriptor(), into.data() + done, into.size() - done,
                                    static_cast<off_t>(offset) + static_cast<off_t>(done));
      if (count < 0 && errno == EINTR) {
        continue;
      }
      if (count < 0) {
        throw_storage_error(path_, "a readable file", errno, Access::read);
      }
      if (count == 0) {
        throw StorageError(str("[storage] ", name_, ": expected ", size_,
                               " bytes, found fewer while reading. Do not change the file while it "
                               "is read."));
      }
      done += static_cast<std::size_t>(count);
    }
  }

  std::string path_;
  std::string name_;
  std::int64_t size_;
  std::string version_;
};

class LocalAppender final : public FileAppender {
 public:
  explicit LocalAppender(const std::string& path) : file_(path, O_WRONLY | O_CREAT | O_APPEND) {
    file_.sync();
    sync_folder_of(path);
  }

  void append(std::span<const std::byte> bytes) override {
    const std::int64_t before = file_.size();
    try {
      file_.write(bytes);
      file_.sync();
    } catch (const StorageError&) {
      file_.truncate(before);
      throw;
    }
  }

 private:
  FileHandle file_;
};

}  // namespace

std::optional<FileStatus> LocalStore::status(const std::string& path) const {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return status_of_link(path, errno);
  }
  struct stat itself {};
  FileStatus status{.identity = str(info.st_dev, ' ', info.st_ino),
                    .is_link = ::lstat(path.c_str(), &itself) == 0 && S_ISLNK(itself.st_mode)};
  if (S_ISREG(info.st_mode)) {
    status.size = info.st_size;
    status.version = version_of(info);
    status.stamp = stamp_of(info);
  } else if (S_ISDIR(info.st_mode)) {
    status.kind = FileStatus::Kind::folder;
  } else {
    status.kind = FileStatus::Kind::other;
    status.nature = nature_of(path, info.st_mode);
  }
  return status;
}

std::vector<Entry> LocalStore::list(const std::string& path) const {
  std::error_code error;
  std::vector<Entry> entries;
  fs::directory_iterator items(path, error);
  for (; !error && items != fs::directory_iterator(); items.increment(error)) {
    const std::string item = items->path().string();
    std::optional<FileStatus> found;
    try {
      found = status(item);
    } catch (const StorageError&) {
      found = FileStatus{.kind = FileStatus::Kind::other, .nature = "no way to look at it"};
    }
    if (found) {  // it may have gone meanwhile
      entries.push_back({items->path().filename().string(), std::move(*found)});
    }
  }
  if (error) {
    throw_storage_error(path, "a readable folder", error.value(), Access::read);
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

SourcePtr LocalStore::open(const std::string& path) const {
  const auto found = status(path);
  if (!found || found->is_folder()) {
    throw_storage_error(path, "a readable file", found ? EISDIR : ENOENT, Access::read);
  }
  if (!found->is_file()) {
    throw StorageError(str("[storage] ", printable(path, 4096), ": expected a regular file, found ",
                           found->nature, ". Copy the data into a file."));
  }
  return std::make_shared<LocalFile>(path, *found);
}

std::unique_ptr<FileWriter> LocalStore::create(const std::string& path) const {
  return std::make_unique<LocalFileWriter>(path);
}

std::unique_ptr<FileAppender> LocalStore::append(const std::string& path) const {
  return std::make_unique<LocalAppender>(path);
}

void LocalStore::truncate(const std::string& path, std::int64_t size) const {
  FileHandle file(path, O_WRONLY);
  file.truncate(size);
  file.sync();
}

bool LocalStore::make_folder(const std::string& path) const {
  if (::mkdir(path.c_str(), 0777) == 0) {
    return true;
  }
  if (errno != EEXIST) {
    throw_storage_error(path, "to create the folder", errno);
  }
  return false;
}

void LocalStore::rename(const std::string& from, const std::string& to) const {
  if (std::rename(from.c_str(), to.c_str()) != 0) {
    throw_storage_error(from, str("to rename it to ", to), errno);
  }
  sync_folder_of(to);
}

bool LocalStore::remove(const std::string& path) const {
  if (std::remove(path.c_str()) == 0) {
    return true;
  }
  if (errno != ENOENT) {
    throw_storage_error(path, "to remove it", errno);
  }
  return false;
}

void LocalStore::remove_abandoned(const std::string& folder) const noexcept {
  remove_abandoned_files(folder);
}

std::string LocalStore::canonical(const std::string& path) const {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(path, error);
  return error ? path : whole.string();
}

}  // namespace dga
