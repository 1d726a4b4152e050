// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/checked_folder.h"

#include "dga/base/error.h"
#include "dga/storage/run_folder.h"

namespace dga {

void refuse_missing(const std::string& path) {
  throw StorageError(str("[storage] ", printable(path, 4096), ": expected the file that ",
                         kManifestFile,
                         " lists, found nothing there. Copy the file again, or, "
                         "if it was removed on purpose, remove ",
                         kManifestFile, "."));
}

CheckedFolder::CheckedFolder(const std::string& folder)
    : folder_(folder), manifest_(read_manifest(folder)) {}

std::shared_ptr<const CheckedSource> CheckedFolder::file(std::string_view name) const {
  const StorePath place(path(name));
  std::optional<ContentSum> expected;
  if (manifest_) {
    if (const auto found = manifest_->files.find(name); found != manifest_->files.end()) {
      expected = found->second;
    }
  }
  if (expected && !place.exists()) {
    refuse_missing(place.text());
  }
  return std::make_shared<CheckedSource>(place.open(), std::move(expected));
}

std::string CheckedFolder::read(std::string_view name) const {
  const auto source = file(name);
  std::string contents = read_all(*source);
  source->check();
  return contents;
}

std::optional<std::string> CheckedFolder::read_if_there(std::string_view name) const {
  const bool listed = manifest_ && manifest_->files.contains(name);
  return listed || StorePath(path(name)).exists() ? std::optional(read(name)) : std::nullopt;
}

}  // namespace dga
