// SPDX-License-Identifier: Apache-2.0
//
// EqualFiles: finds files that hold the same bytes, which are often copies by mistake.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace dga {

struct EqualFiles {
  std::size_t first = 0;  // positions in the list of paths
  std::size_t copy = 0;
};

/// For each file with the same bytes as an earlier one: the first such file and the copy, in the
/// order of the copies. Reads only files that have the same size as another one, and each only
/// until it differs from every other file of that size. Files that cannot be read equal none. Uses
/// up to `threads` threads.
std::vector<EqualFiles> equal_files(std::span<const std::string> paths, int threads = 1);

/// Warnings about files that equal others. Many are counted, not named.
std::vector<std::string> notices_of_copies(std::span<const std::string> paths, int threads);

}  // namespace dga
