// SPDX-License-Identifier: Apache-2.0
//
// FileRoles: what the name of a file in a folder says about its use. Internal to the room.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dga/data/data_summary.h"

namespace dga {

/// Why a file is not read, by its name.
struct Exclusion {
  std::string_view reason = {};  // empty: the file is read
  bool looks_like_data = false;  // so the user should know
};

Exclusion exclusion_of(const std::string& name);

/// Whether the file is EMNIST's table of characters.
bool is_character_table(const std::string& name);
/// Whether the file names classes: that table, or a list of CIFAR's; see class_names.h.
bool names_classes(const std::string& name);

/// What a word in the name of the file or folder at `path` says; nothing without such a word.
/// Throws DataError for a name with the words of two uses.
std::optional<FileUse> named_use(const std::string& path);

/// Training, unless the name of the file at `path` contains a word for validation or test files;
/// location.h lists the words. Throws DataError for a name with the words of two uses.
FileUse use_of(const std::string& path);

}  // namespace dga
