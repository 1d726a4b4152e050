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
#include "dga/data/folder_contents.h"
#include "dga/data/image_folder.h"
#include "dga/data/listed_files.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

/// Makes test files the training files if there are no others. Throws DataError without training
/// files.
void require_training(const std::string& shown, DataFiles& files) {
  if (files.train.empty() && files.validation.empty()) {
    std::swap(files.train, files.test);
  }
  if (files.train.empty()) {
    throw DataError(str(shown, ": expected training files, found only validation ",
                        files.test.empty() ? "files" : "and test files",
                        " by their names. Add or rename a file, or give the file to train on."));
  }
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
  require_training(shown, files);
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
    const std::string folder = class_folder_of(files, path);
    files.ignored.push_back(
        {folder.empty() ? path : folder, str("another ", name, " set was named")});
  }
  files.*set = named.train;
  files.class_folders.insert(named.class_folders.begin(), named.class_folders.end());
  files.class_names.insert(files.class_names.end(), named.class_names.begin(),
                           named.class_names.end());
  files.ignored.insert(files.ignored.end(), named.ignored.begin(), named.ignored.end());
  files.notices.insert(files.notices.end(), named.notices.begin(), named.notices.end());
  files.sums.insert(named.sums.begin(), named.sums.end());
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

/// As find_one_set, with the folders of sets that an image folder has.
ImageFolder find_at(const std::string& location) {
  const StorePath path(location);
  const std::string shown = printable(path.text(), 4096);
  const auto status = as_data([&] { return path.status(); });
  if (!status) {
    throw DataNotFound(
        str(shown.empty() ? "\"\"" : shown,
            ": expected a folder or a file with data, found nothing there. Check the path."));
  }
  if (!status->is_folder()) {
    ImageFolder one{.files = {.train = {path.text()}}};
    add_listed_file(path, one.files);
    return one;
  }
  FolderContents contents = contents_of(path);
  if (auto images = find_image_folder(path, contents)) {
    return *std::move(images);
  }
  DataFiles& files = contents.files;
  if (files.train.empty()) {
    throw DataError(str(shown, ": expected a folder with data files, found ",
                        files.notices.empty()
                            ? "none in it (of subfolders, only those with images are searched)"
                            : "only files that are ignored, such as backups",
                        ". Put the data there or give another folder."));
  }
  return {.files = std::move(files)};
}

}  // namespace

std::string class_folder_of(const DataFiles& files, const std::string& path) {
  if (files.class_folders.empty()) {
    return {};
  }
  std::string folder = path.substr(0, path.rfind('/'));
  return files.class_folders.contains(folder) ? folder : std::string();
}

DataFiles find_one_set(const std::string& location) {
  ImageFolder found = find_at(location);
  if (!found.sets.empty()) {
    throw DataError(str(printable(location, 4096), ": expected the images of one set, found the ",
                        "folders of sets, such as ", printable(found.sets.front()),
                        ". Give the folder of one of them."));
  }
  return std::move(found.files);
}

DataFiles find_data_files(const DataLocations& locations) {
  DataFiles files = find_at(locations.data).files;
  const StorePath folder(locations.data);
  if (!files.class_folders.empty()) {
    require_training(printable(folder.text(), 4096), files);
  } else if (as_data([&] { return folder.is_folder(); })) {
    assign_uses(printable(folder.text(), 4096), files);
  }
  const DataFiles validation =
      locations.validation.empty() ? DataFiles{} : find_one_set(locations.validation);
  const DataFiles test = locations.test.empty() ? DataFiles{} : find_one_set(locations.test);
  std::set<std::string> named = canonical(validation.train);
  named.merge(canonical(test.train));
  const auto is_named = [&](const std::string& path) {
    return !named.empty() && named.contains(*canonical({path}).begin());
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
