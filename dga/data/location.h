// SPDX-License-Identifier: Apache-2.0
//
// Location: finds the data files at the location that a user gives.

#pragma once

#include <string>
#include <vector>

namespace dga {

/// Paths of the files of a dataset.
struct DataFiles {
  std::vector<std::string> train;  // never empty
  std::vector<std::string> test;   // empty: the data has no test files
};

/// Finds the files at `location`, which is a folder, a file, or a file:// URI of one. In a folder
/// these are the regular files, ordered by name (comparing bytes), except for:
/// - hidden files and files whose names begin with '_' (markers of other tools);
/// - README, LICENSE, COPYING, NOTICE, CITATION and CHANGELOG, with any extension, and *.md;
/// - x.gz if there is also x.
/// Subfolders are not searched. A file is a test file if its name contains the word "test" or
/// "t10k", in any case; words end at anything but a letter or digit. If all files are test files,
/// they are the training files instead. Throws DataNotFound if nothing exists at the location, and
/// DataError if it cannot be read, contains no data files, or is a URI with another scheme.
DataFiles find_data_files(const std::string& location);

}  // namespace dga
