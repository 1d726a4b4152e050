// SPDX-License-Identifier: Apache-2.0
//
// Location: what a user names as data, as files.

#pragma once

#include <string>
#include <vector>

namespace dga {

/// Files that belong together, by path.
struct DataFiles {
  std::vector<std::string> train;  // never empty
  std::vector<std::string> test;   // the data's own test files, if it has any
};

/// `location` is a folder, a file, or a file:// URI of one. Of a folder, its regular files in the
/// order of their names (bytes compared), without:
/// - hidden files and those that begin with '_' (markers of other tools);
/// - README, LICENSE, COPYING, NOTICE, CITATION and CHANGELOG, with any ending, and *.md;
/// - x.gz beside x.
/// Subfolders are not searched. A file is a test file when its name has the word "test" or "t10k"
/// (words end at anything but a letter or digit) and other files are there to train on. Throws
/// DataError when nothing is there, nothing can be read, or the URI has another scheme.
DataFiles find_data_files(const std::string& location);

}  // namespace dga
