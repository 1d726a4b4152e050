// SPDX-License-Identifier: Apache-2.0

#include "dga/data/image_folder.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/lower_case.h"
#include "dga/base/one_line.h"
#include "dga/data/as_data.h"
#include "dga/data/file_roles.h"
#include "dga/data/formats/image.h"

namespace dga {
namespace {

struct Subfolder {
  StorePath path;
  FolderContents contents;
};

std::string shown(const std::string& path) {
  return printable(path, 4096);
}

std::vector<Subfolder> subfolders_of(const StorePath& folder, const FolderContents& contents) {
  std::vector<Subfolder> all;
  for (const std::string& name : contents.subfolders) {
    const StorePath path = folder / name;
    all.push_back({path, contents_of(path)});
  }
  return all;
}

bool has_image_name(const std::string& path) {
  constexpr std::array<std::string_view, 3> kEndings{".jpg", ".jpeg", ".png"};
  const std::string small = lower_case(path);
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [&](std::string_view ending) { return small.ends_with(ending); });
}

bool begins_with_image(const std::string& path) {
  return as_data([&] {
    const SourcePtr file = StorePath(path).open();
    std::string head(static_cast<std::size_t>(std::min<std::int64_t>(file->size(), 8)), '\0');
    file->read(0, head);
    return is_image(head);
  });
}

/// Whether there are images in the folder itself.
bool holds_images(const Subfolder& folder) {
  const std::vector<std::string>& files = folder.contents.files.train;
  return std::any_of(files.begin(), files.end(), has_image_name) ||
         (!files.empty() && begins_with_image(files.front()));
}

bool hold_images(const std::vector<Subfolder>& folders) {
  return std::any_of(folders.begin(), folders.end(), holds_images);
}

void append_other_files(const DataFiles& from, DataFiles& into) {
  into.ignored.insert(into.ignored.end(), from.ignored.begin(), from.ignored.end());
  into.notices.insert(into.notices.end(), from.notices.begin(), from.notices.end());
  into.sums.insert(from.sums.begin(), from.sums.end());
  for (const std::string& path : from.class_names) {
    into.ignored.push_back({path, "class names, which only IDX labels need"});
  }
}

/// What lies in a folder beside the subfolders that are used.
DataFiles other_files_of(const FolderContents& contents, const std::vector<Subfolder>& used) {
  DataFiles others;
  append_other_files(contents.files, others);
  std::erase_if(others.ignored, [&](const IgnoredFile& file) {
    return std::any_of(used.begin(), used.end(),
                       [&](const Subfolder& folder) { return folder.path.text() == file.path; });
  });
  return others;
}

void add_classes(const std::vector<Subfolder>& classes, std::vector<std::string>& set,
                 DataFiles& files) {
  for (const auto& [path, contents] : classes) {
    const std::string name = path.name();
    if (one_line(name) != name) {
      throw DataError(str(one_line(path.text()),
                          ": expected the name of a class in printable UTF-8, found other bytes. "
                          "Rename the folder."));
    }
    if (!contents.subfolders.empty()) {
      throw DataError(str(shown((path / contents.subfolders.front()).text()),
                          ": expected only images in the folder of the class ", name,
                          ", found a subfolder. Move its images into the class folder, or give the "
                          "folder that contains the class folders."));
    }
    if (contents.files.train.empty()) {
      throw DataError(str(shown(path.text()), ": expected images of the class ", name,
                          ", found none in its folder. Add some, or remove the folder."));
    }
    set.insert(set.end(), contents.files.train.begin(), contents.files.train.end());
    files.class_folders.insert(path.text());
    append_other_files(contents.files, files);
  }
}

std::vector<std::string>& set_for(FileUse use, DataFiles& files) {
  return use == FileUse::test         ? files.test
         : use == FileUse::validation ? files.validation
                                      : files.train;
}

ImageFolder folder_of_sets(const FolderContents& contents, const std::vector<Subfolder>& sets) {
  ImageFolder found{.files = other_files_of(contents, sets)};
  std::map<FileUse, std::string> seen;
  for (const Subfolder& set : sets) {
    const std::string path = shown(set.path.text());
    const FileUse use = *named_use(set.path.text());
    const auto [same, is_new] = seen.emplace(use, path);
    if (!is_new) {
      throw DataError(str(path,
                          ": expected one folder for each set, found a second one for the "
                          "set of ",
                          same->second, ". Put the images of both into one folder."));
    }
    if (!set.contents.files.train.empty() || set.contents.subfolders.empty()) {
      throw DataError(
          str(set.contents.files.train.empty() ? path : shown(set.contents.files.train.front()),
              ": expected a subfolder for each class in the folder ", set.path.name(), ", found ",
              set.contents.files.train.empty() ? "none" : "a file",
              ". Sort the images into class folders. Images without a class are for dga predict."));
    }
    const std::vector<Subfolder> classes = subfolders_of(set.path, set.contents);
    const DataFiles others = other_files_of(set.contents, classes);
    append_other_files(others, found.files);
    add_classes(classes, set_for(use, found.files), found.files);
    found.sets.push_back(set.path.name());
  }
  return found;
}

}  // namespace

std::optional<ImageFolder> find_image_folder(const StorePath& folder,
                                             const FolderContents& contents) {
  if (!contents.files.train.empty() || contents.subfolders.empty()) {
    return std::nullopt;
  }
  const std::vector<Subfolder> subfolders = subfolders_of(folder, contents);
  const bool images = hold_images(subfolders);
  if (!images && std::none_of(subfolders.begin(), subfolders.end(), [](const Subfolder& one) {
        return hold_images(subfolders_of(one.path, one.contents));
      })) {
    return std::nullopt;
  }
  if (std::all_of(subfolders.begin(), subfolders.end(),
                  [](const Subfolder& one) { return named_use(one.path.text()).has_value(); })) {
    return folder_of_sets(contents, subfolders);
  }
  ImageFolder found{.files = other_files_of(contents, subfolders)};
  add_classes(subfolders, found.files.train, found.files);
  return found;
}

}  // namespace dga
