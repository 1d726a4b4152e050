// SPDX-License-Identifier: Apache-2.0
//
// ListedFiles: what the manifest of a folder says about its data files. Internal to the room.

#pragma once

#include "dga/data/location.h"
#include "dga/storage/store_path.h"

namespace dga {

/// Adds to `files`, which are those of `folder`, what the folder's manifest says about them, and a
/// notice about the files that it does not list. Throws DataError for a damaged manifest, and for a
/// listed file that is not there.
void add_listed(const StorePath& folder, DataFiles& files);

/// The same for one file, whose folder may hold anything else. Nothing is said about a file that is
/// not listed.
void add_listed_file(const StorePath& path, DataFiles& files);

}  // namespace dga
