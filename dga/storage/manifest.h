// SPDX-License-Identifier: Apache-2.0
//
// Manifest: which files a run, or a conversion of data, has written to a folder, and what their
// contents were (manifest.json, which docs/results.md describes).

#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "dga/base/content_hash.h"

namespace dga {

struct Manifest {
  /// By name, without a folder.
  std::map<std::string, ContentSum, std::less<>> files = {};

  bool operator==(const Manifest&) const = default;
};

/// The text of manifest.json, with a final newline.
std::string to_json(const Manifest& manifest);

/// Reads the text of manifest.json. Throws StorageError, which names `path`, if it is damaged, or
/// of another schema.
Manifest manifest_from_json(std::string_view text, const std::string& path);

/// Reads manifest.json of `folder`. Nothing if the folder or the file is not there. Throws
/// StorageError.
std::optional<Manifest> read_manifest(const std::string& folder);

/// The same for a folder of data, which users fill. Nothing also if manifest.json is JSON without
/// the keys of dga's: other programs give their files that name too.
std::optional<Manifest> read_data_manifest(const std::string& folder);

}  // namespace dga
