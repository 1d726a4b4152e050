// SPDX-License-Identifier: Apache-2.0

#include "dga/data/folder_contents.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/as_data.h"
#include "dga/data/file_roles.h"
#include "dga/data/listed_files.h"
#include "dga/storage/run_folder.h"

namespace dga {
namespace {

/// Whether a file is the packed form of one in `paths`, which ascend.
bool is_packed_form(const std::string& path, const std::vector<std::string>& paths) {
  for (const std::string_view ending : {".gz", ".zst"}) {
    if (path.ends_with(ending) && std::binary_search(paths.begin(), paths.end(),
                                                     path.substr(0, path.size() - ending.size()))) {
      return true;
    }
  }
  return false;
}

}  // namespace

FolderContents contents_of(const StorePath& folder) {
  FolderContents contents;
  DataFiles& files = contents.files;
  bool has_manifest = false;
  for (const auto& [name, status] : as_data([&] { return folder.list(); })) {
    const std::string path = (folder / name).text();
    has_manifest = has_manifest || (name == kManifestFile && status.is_file());
    const Exclusion exclusion = exclusion_of(name);
    if (status.is_folder()) {
      files.ignored.push_back({path, "a subfolder"});
      if (exclusion.reason.empty()) {
        contents.subfolders.push_back(name);
      }
    } else if (!exclusion.reason.empty()) {
      files.ignored.push_back({path, std::string(exclusion.reason)});
      if (exclusion.looks_like_data) {
        files.notices.push_back(
            str(printable(path, 4096), ": ignored, because it is ", exclusion.reason, "."));
      }
    } else if (!status.is_file()) {
      throw DataError(str(printable(path, 4096), ": expected a file with data, found ",
                          status.nature, ". Put the file there, or remove this from the folder."));
    } else if (names_classes(name)) {
      if (!files.class_names.empty()) {
        throw DataError(
            str(printable(path, 4096),
                ": expected one table of characters in a folder, found a second beside ",
                printable(files.class_names.front(), 4096), ". Keep one of them."));
      }
      files.class_names.push_back(path);
    } else if (is_packed_form(path, files.train)) {
      files.ignored.push_back({path, "the packed form of a file beside it"});
    } else {
      files.train.push_back(path);
    }
  }
  if (has_manifest) {
    add_listed(folder, files);
  }
  return contents;
}

}  // namespace dga
