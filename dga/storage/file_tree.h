// SPDX-License-Identifier: Apache-2.0
//
// What people do with files and folders, in one store or between two. All functions throw
// StorageError.

#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "dga/storage/checked_folder.h"
#include "dga/storage/store_path.h"

namespace dga {

/// The status of what is at `path`. Throws if nothing is.
FileStatus required_status(const StorePath& path);

/// Makes a folder and the folders that contain it, and calls `made` for each that was not there,
/// the outermost first. Throws if something other than a folder is at one of these paths.
void make_folders(const StorePath& folder, const std::function<void(const StorePath&)>& made = {});

/// Removes a file, or a folder with all that is in it. Of a link, removes the link alone and
/// nothing of what it leads to. Returns false if nothing was there.
bool remove_tree(const StorePath& path);

/// Called while a copy runs with the bytes copied since the last call.
using CopyProgress = std::function<void(std::int64_t bytes)>;

/// Copies a file, which then appears as a whole.
void copy_file(const StorePath& from, const StorePath& to, const CopyProgress& progress = {});

/// Copies a file, or a folder with all that is in it. Folders that are there already stay; files
/// are replaced.
void copy_tree(const StorePath& from, const StorePath& to, const CopyProgress& progress = {});

/// Copies files of a folder to a new folder, which appears as a whole with all of them. Throws if
/// something is at `to` already, or a file is not as the manifest of `from` says.
void copy_to_new_folder(const CheckedFolder& from, std::span<const std::string> names,
                        const StorePath& to);

/// Bytes of a file, or of all files in a folder and its subfolders.
std::int64_t bytes_in(const StorePath& path);

}  // namespace dga
