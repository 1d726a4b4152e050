// SPDX-License-Identifier: Apache-2.0

#include "dga/data/location.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "dga/base/error.h"
#include "dga/data/as_data.h"
#include "dga/data/file_roles.h"
#include "dga/storage/store_path.h"

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

/// All files of a folder that are read, as training files, and those that are not.
DataFiles files_of_folder(const StorePath& folder) {
  DataFiles files;
  for (const auto& [name, status] : as_data([&] { return folder.list(); })) {
    const std::string path = (folder / name).text();
    const Exclusion exclusion = exclusion_of(name);
    if (status.is_folder()) {
      files.ignored.push_back({path, "a subfolder"});
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
  return files;
}

/// Moves the files of `files.train` to the sets that their names say.
void assign_uses(const std::string& shown, DataFiles& files) {
  const std::vector<std::string> all = std::exchange(files.train, {});
  for (const std::string& path : all) {
    const FileUse use = use_of(path);
    (use == FileUse::test         ? files.test
     : use == FileUse::validation ? files.validation
                                  : files.train)
        .push_back(path);
  }
  if (files.train.empty() && files.validation.empty()) {
    std::swap(files.train, files.test);
  }
  if (files.train.empty()) {
    throw DataError(str(shown, ": expected training files, found only validation ",
                        files.test.empty() ? "files" : "and test files",
                        " by their names. Add or rename a file, or give the file to train on."));
  }
}

/// The files as strings that are equal for one file, however it is named.
std::set<std::string> canonical(const std::vector<std::string>& paths) {
  std::set<std::string> result;
  for (const std::string& path : paths) {
    result.insert(StorePath(path).canonical());
  }
  return result;
}

/// Replaces a set of `files`, called `name`, by other files.
void replace_set(const DataFiles& named, std::string_view name,
                 std::vector<std::string> DataFiles::*set, DataFiles& files) {
  for (const std::string& path : files.*set) {
    files.ignored.push_back({path, str("another ", name, " set was named")});
  }
  files.*set = named.train;
  files.class_names.insert(files.class_names.end(), named.class_names.begin(),
                           named.class_names.end());
  files.ignored.insert(files.ignored.end(), named.ignored.begin(), named.ignored.end());
  files.notices.insert(files.notices.end(), named.notices.begin(), named.notices.end());
}

/// A folder that was named twice has added its entries twice.
void sort_without_repeats(DataFiles& files) {
  std::stable_sort(files.ignored.begin(), files.ignored.end(),
                   [](const IgnoredFile& x, const IgnoredFile& y) { return x.path < y.path; });
  const auto same =
      std::unique(files.ignored.begin(), files.ignored.end(),
                  [](const IgnoredFile& x, const IgnoredFile& y) { return x.path == y.path; });
  files.ignored.erase(same, files.ignored.end());
  std::sort(files.notices.begin(), files.notices.end());
  files.notices.erase(std::unique(files.notices.begin(), files.notices.end()), files.notices.end());
}

}  // namespace

DataFiles find_one_set(const std::string& location) {
  const StorePath path(location);
  const std::string shown = printable(path.text(), 4096);
  const auto status = as_data([&] { return path.status(); });
  if (!status) {
    throw DataNotFound(
        str(shown.empty() ? "\"\"" : shown,
            ": expected a folder or a file with data, found nothing there. Check the path."));
  }
  if (!status->is_folder()) {
    return {.train = {path.text()}};
  }
  DataFiles files = files_of_folder(path);
  if (files.train.empty()) {
    throw DataError(str(shown, ": expected a folder with data files, found ",
                        files.notices.empty() ? "none in it (subfolders are not searched)"
                                              : "only files that are ignored, such as backups",
                        ". Put the data there or give another folder."));
  }
  return files;
}

DataFiles find_data_files(const DataLocations& locations) {
  DataFiles files = find_one_set(locations.data);
  if (const StorePath folder(locations.data); as_data([&] { return folder.is_folder(); })) {
    assign_uses(printable(folder.text(), 4096), files);
  }
  const DataFiles validation =
      locations.validation.empty() ? DataFiles{} : find_one_set(locations.validation);
  const DataFiles test = locations.test.empty() ? DataFiles{} : find_one_set(locations.test);
  std::set<std::string> named = canonical(validation.train);
  named.merge(canonical(test.train));
  const auto is_named = [&](const std::string& path) {
    return named.contains(*canonical({path}).begin());
  };
  std::erase_if(files.validation, is_named);
  std::erase_if(files.test, is_named);
  // Training and evaluating on the same files is allowed when nothing else would be left.
  if (!std::all_of(files.train.begin(), files.train.end(), is_named)) {
    std::erase_if(files.train, is_named);
  }
  if (!locations.validation.empty()) {
    replace_set(validation, "validation", &DataFiles::validation, files);
  }
  if (!locations.test.empty()) {
    replace_set(test, "test", &DataFiles::test, files);
  }
  sort_without_repeats(files);
  return files;
}

}  // namespace dga
