// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <string>

#include "dga/storage/local/file_handle.h"
#include "dga/storage/store.h"

namespace dga {

/// Writes to a hidden file ".NAME.PID-N.dga-tmp" beside `path`, which commit() flushes to disk and
/// renames to `path`. At any time, readers see either the old file or the new one. A kill leaves
/// the hidden file behind. It is locked (flock), which tells it from one that a kill left.
///
/// Where `path` is a link, the file that it points to is written. A device, a pipe or a socket at
/// `path` is an error.
class LocalFileWriter final : public FileWriter {
 public:
  explicit LocalFileWriter(std::string path);
  ~LocalFileWriter() override;
  LocalFileWriter(const LocalFileWriter&) = delete;
  LocalFileWriter& operator=(const LocalFileWriter&) = delete;

  /// See FileHandle::reserve.
  void reserve(std::int64_t bytes) override { file_->reserve(bytes); }
  void append(std::span<const std::byte> bytes) override { file_->write(bytes); }
  void commit() override;

 private:
  std::string path_;
  std::string target_;     // path_, or the file that it links to
  std::string temporary_;  // empty once committed
  std::unique_ptr<FileHandle> file_;
};

/// Removes the hidden files in `folder` whose writer no longer exists, because its process was
/// killed. What cannot be removed stays.
void remove_abandoned_files(const std::string& folder) noexcept;

}  // namespace dga
