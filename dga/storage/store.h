// SPDX-License-Identifier: Apache-2.0
//
// Store: where files lie, such as the local disk or an HDFS. Everything in dga that reads or writes
// files does so through a Store; docs/storage.md has the table of backends.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dga/storage/byte_source.h"

namespace dga {

/// How the names of hidden files end that are not whole yet.
inline constexpr std::string_view kTemporarySuffix = ".dga-tmp";

/// What is at a path, after following links.
struct FileStatus {
  enum class Kind : std::uint8_t { file, folder, other };
  Kind kind = Kind::file;
  std::int64_t size = 0;      // bytes of a file
  std::string identity = {};  // equal for all paths of one file
  std::string version = {};   // differs after the contents of a file have changed
  /// The same on all hosts that see the file. Where the store tells, it also differs after a change
  /// that gave the file its time back, and after one of its name or its permissions.
  std::string stamp = {};
  std::string nature = {};  // of `other`, for errors: "a pipe"
  bool is_link = false;     // whether a link at the path leads there

  bool is_file() const noexcept { return kind == Kind::file; }
  bool is_folder() const noexcept { return kind == Kind::folder; }
};

struct Entry {
  std::string name;
  FileStatus status;
};

/// A file that appears as a whole or not at all, with commit(). Without it the destructor leaves
/// what was there before. Not thread-safe.
class FileWriter {
 public:
  virtual ~FileWriter() = default;
  /// Reserves room for the first `bytes`, so that a full disk is reported now, where a store can.
  virtual void reserve(std::int64_t bytes) = 0;
  virtual void append(std::span<const std::byte> bytes) = 0;
  /// Call it once. When it returns, the file survives a crash of the machine.
  virtual void commit() = 0;
};

/// The end of a file. Not thread-safe.
class FileAppender {
 public:
  virtual ~FileAppender() = default;
  /// When it returns, `bytes` are at the end of the file and survive a crash. When it throws, the
  /// file is as before.
  virtual void append(std::span<const std::byte> bytes) = 0;
};

/// Paths are absolute or, in the local store, relative to the current folder. All members throw
/// StorageError, whose text begins with the whole location. Thread-safe.
class Store {
 public:
  virtual ~Store() = default;

  /// Nothing if nothing is there.
  virtual std::optional<FileStatus> status(const std::string& path) const = 0;
  /// What is in a folder, ordered by name (comparing bytes).
  virtual std::vector<Entry> list(const std::string& path) const = 0;
  /// Opens a regular file for reads of any range.
  virtual SourcePtr open(const std::string& path) const = 0;
  /// Begins a file that replaces what is at `path`, which must be a file or nothing.
  virtual std::unique_ptr<FileWriter> create(const std::string& path) const = 0;
  /// Opens the end of a file, which is created if it is not there.
  virtual std::unique_ptr<FileAppender> append(const std::string& path) const = 0;
  /// Cuts a file to its first `size` bytes.
  virtual void truncate(const std::string& path, std::int64_t size) const = 0;
  /// Makes one folder, whose parent exists. Returns false if something of that name is there.
  virtual bool make_folder(const std::string& path) const = 0;
  /// Gives a file or folder another path. A file there is replaced.
  virtual void rename(const std::string& from, const std::string& to) const = 0;
  /// Removes a file or an empty folder. Returns false if nothing was there.
  virtual bool remove(const std::string& path) const = 0;
  /// Removes what FileWriters whose process was killed have left in a folder. What cannot be
  /// removed stays.
  virtual void remove_abandoned(const std::string& folder) const noexcept = 0;
  /// The same path in a form that is equal for equal files, also before they exist.
  virtual std::string canonical(const std::string& path) const = 0;
};

}  // namespace dga
