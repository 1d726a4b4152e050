// SPDX-License-Identifier: Apache-2.0
//
// FolderContents: the files of one folder and what its subfolders are. Internal to the room.

#pragma once

#include <string>
#include <vector>

#include "dga/data/location.h"
#include "dga/storage/store_path.h"

namespace dga {

struct FolderContents {
  DataFiles files = {};  // those that are read are training files
  /// The names of subfolders that may hold data; they are among the ignored files too.
  std::vector<std::string> subfolders = {};
};

/// Throws DataError as find_one_set does, but not for a folder without data files.
FolderContents contents_of(const StorePath& folder);

}  // namespace dga
