// SPDX-License-Identifier: Apache-2.0

#include "dga/data/listed_files.h"

#include <algorithm>
#include <string>

#include "dga/base/error.h"
#include "dga/data/as_data.h"
#include "dga/storage/checked_folder.h"
#include "dga/storage/manifest.h"
#include "dga/storage/run_folder.h"

namespace dga {

void add_listed(const StorePath& folder, DataFiles& files) {
  const auto manifest = as_data([&] { return read_data_manifest(folder.text()); });
  if (!manifest) {
    return;
  }
  for (const auto& [name, sum] : manifest->files) {
    const std::string path = (folder / name).text();
    const auto is_here = [&](const std::string& file) { return file == path; };
    if (std::none_of(files.train.begin(), files.train.end(), is_here) &&
        !StorePath(path).exists()) {
      as_data([&] { refuse_missing(path); });
    }
    files.sums.emplace(path, sum);
  }
  std::vector<std::string> others;
  for (const std::string& path : files.train) {
    if (!files.sums.contains(path)) {
      others.push_back(path);
    }
  }
  if (!others.empty()) {
    files.notices.push_back(
        str(printable(others.front(), 4096),
            others.size() > 1 ? str(" and ", others.size() - 1, " more") : "", ": not in the ",
            kManifestFile, " of the folder, so read unchecked. Remove ", kManifestFile,
            " if the folder is meant to hold other files than dga data wrote."));
  }
}

void add_listed_file(const StorePath& path, DataFiles& files) {
  const auto manifest = as_data([&] { return read_data_manifest(path.parent().text()); });
  if (!manifest) {
    return;
  }
  if (const auto found = manifest->files.find(path.name()); found != manifest->files.end()) {
    files.sums.emplace(path.text(), found->second);
  }
}

}  // namespace dga
