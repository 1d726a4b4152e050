// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/local/temporary_folder.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "dga/base/error.h"

namespace dga {

TemporaryFolder::TemporaryFolder(std::string_view prefix) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  std::string pattern = (folder / str(prefix, "-XXXXXX")).string();
  if (error || ::mkdtemp(pattern.data()) == nullptr) {
    throw StorageError(str("[storage] ", pattern,
                           ": expected to make a folder like this, found that it is not possible. "
                           "Set TMPDIR to a folder you can write to."));
  }
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

}  // namespace dga
