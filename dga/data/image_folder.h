// SPDX-License-Identifier: Apache-2.0
//
// ImageFolder: finds images that lie in one subfolder for each class. Internal to the room.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dga/data/folder_contents.h"

namespace dga {

struct ImageFolder {
  /// Of each set, the images in the order of their classes. Without sets, all of them are training
  /// files.
  DataFiles files = {};
  /// The names of the folders of sets, such as "train" and "val"; empty if the folder contains the
  /// class folders themselves.
  std::vector<std::string> sets = {};
};

/// What is in `folder`, which has these contents, if its subfolders are classes: one of them begins
/// with an image, or has the name of one in it. Or if they are sets: all have the word of a set in
/// their names, as files have (location.h), and contain classes. Nothing otherwise.
///
/// Throws DataError, which names the place, for a set without class folders, two sets for one use,
/// and a class folder that contains a subfolder or no images, or whose name is not printable UTF-8.
std::optional<ImageFolder> find_image_folder(const StorePath& folder,
                                             const FolderContents& contents);

}  // namespace dga
