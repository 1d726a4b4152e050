// SPDX-License-Identifier: Apache-2.0
//
// CheckedFolder: reads the files of a run, and finds those that are not as the run wrote them.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dga/storage/checked_source.h"
#include "dga/storage/manifest.h"
#include "dga/storage/store_path.h"

namespace dga {

/// Throws StorageError: the manifest lists the file at `path`, and nothing is there.
[[noreturn]] void refuse_missing(const std::string& path);

/// Compares what it reads with the folder's manifest.json. Files that are not in the manifest, and
/// all files of a folder without one, are read unchecked. All members throw StorageError.
class CheckedFolder {
 public:
  /// Reads the manifest, if there is one.
  explicit CheckedFolder(const std::string& folder);

  const std::optional<Manifest>& manifest() const noexcept { return manifest_; }
  /// The path of the file `name`.
  std::string path(std::string_view name) const { return path_in(folder_, name); }

  /// Opens a file to read parts of it; call check() before the bytes are used. Throws if it is
  /// missing or has another size.
  std::shared_ptr<const CheckedSource> file(std::string_view name) const;
  /// The contents of a file. Throws if it is missing or has other contents.
  std::string read(std::string_view name) const;
  /// The same; nothing if the file is missing and not in the manifest.
  std::optional<std::string> read_if_there(std::string_view name) const;

 private:
  std::string folder_;
  std::optional<Manifest> manifest_;
};

}  // namespace dga
