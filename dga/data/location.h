// SPDX-License-Identifier: Apache-2.0
//
// Location: finds the data files at the location that a user gives.

#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "dga/base/content_hash.h"

namespace dga {

/// A file of a folder that is not read.
struct IgnoredFile {
  std::string path;
  std::string reason;  // such as "documentation"
};

/// Paths of the files of a dataset.
struct DataFiles {
  std::vector<std::string> train = {};       // never empty
  std::vector<std::string> validation = {};  // empty: the data has no validation files
  std::vector<std::string> test = {};        // empty: the data has no test files
  /// Tables with names of classes, see class_names.h: at most one of each location.
  std::vector<std::string> class_names = {};
  /// Folders of images whose names are the classes of the images in them.
  std::set<std::string> class_folders = {};
  /// What the manifests of their folders say about files, by path; see manifest.h.
  std::map<std::string, ContentSum> sums = {};
  std::vector<IgnoredFile> ignored = {};  // in the order of their names
  /// One line for each ignored file that could be taken for data, and for files that the manifest
  /// of their folder does not list.
  std::vector<std::string> notices = {};
};

/// The folder of the file at `path` if it is a class folder of `files`; otherwise "".
std::string class_folder_of(const DataFiles& files, const std::string& path);

/// Finds the files at `location`, the path or URI of a folder or a file (see StorePath), as
/// training files. In a folder these are the regular files, ordered by name (comparing bytes),
/// except for:
/// - hidden files and files whose names begin with '_' (markers of other tools);
/// - README, LICENSE, COPYING, NOTICE, CITATION and CHANGELOG, with any extension, and *.md;
/// - backups of editors: "x~", x.bak, x.orig, x.swp and x between two number signs, with a notice;
/// - emnist-*-mapping.txt, batches.meta.txt and fine_label_names.txt, which name classes;
/// - manifest.json, the manifest of dga or a file of another program;
/// - x.gz and x.zst if there is also x.
/// Subfolders are not searched, unless there are no such files and the subfolders hold images. Then
/// each of them is a class; see image_folder.h.
///
/// Throws DataNotFound if nothing exists at the location, InvalidArgument for a URI of an unknown
/// scheme, and DataError if it cannot be read, contains no data files, or contains something that
/// is neither a regular file nor a folder, such as a pipe or a link to nothing. Throws DataError
/// for a manifest that is damaged, or that lists a file which is not there. Throws DataError for
/// class folders as find_image_folder does, and for several sets of them.
DataFiles find_one_set(const std::string& location);

/// The locations of the sets of a dataset, as for find_one_set.
struct DataLocations {
  std::string data = {};
  std::string validation = {};  // empty: the validation files of `data`
  std::string test = {};        // empty: the test files of `data`
};

/// Finds the files of all sets. In the folder `data`, a file is a validation file if its name
/// contains the word "val", "valid", "validation", "dev" or "eval", and a test file if it contains
/// "test", "testing" or "t10k", in any case. Words end at anything but a letter or digit, and
/// digits may follow the word. The folders of sets of an image folder follow the same words. If all
/// files are test files, they are the training files instead. A file that another location names is
/// not a training file, unless no other would be left.
///
/// Throws as find_one_set does, and DataError for a name with the words of two sets and for a
/// folder without training files.
DataFiles find_data_files(const DataLocations& locations);

}  // namespace dga
