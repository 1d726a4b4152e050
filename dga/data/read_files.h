// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <span>
#include <string>
#include <vector>

#include "dga/data/samples.h"

namespace dga {

/// Reads the files of one set, at least one, in the format that their contents say; see
/// formats/format.h. Throws DataError, which begins with the file, for files of different formats,
/// as the format does, and for files that are not as the manifest of their folder says: in memory
/// their contents, and their sizes where the features stay in the files.
Samples read_files(std::span<const std::string> paths, const ReadOptions& options);

/// The files among `paths` that hold samples of `set` beside those of others, as x_test and
/// x_train.
std::vector<std::string> files_that_hold(FileUse set, std::span<const std::string> paths);

}  // namespace dga
