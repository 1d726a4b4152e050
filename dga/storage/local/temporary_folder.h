// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>

namespace dga {

/// A folder of this machine that is gone, with all that is in it, when this is.
class TemporaryFolder {
 public:
  /// Makes a folder under $TMPDIR, or /tmp, whose name begins with `prefix`. Throws StorageError.
  explicit TemporaryFolder(std::string_view prefix);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace dga
