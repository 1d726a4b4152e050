// SPDX-License-Identifier: Apache-2.0

#include "dga/data/location.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "dga/base/error.h"
#include "dga/data/file_roles.h"
#include "dga/data/source.h"

namespace dga {
namespace {

namespace fs = std::filesystem;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const auto lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Decodes percent-encoded bytes of a URI, such as %20.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string local_path(const std::string& location) {
  const std::size_t mark = location.find("://");
  const bool is_uri =
      mark != std::string::npos && mark > 0 &&
      std::all_of(
          location.begin(), location.begin() + static_cast<std::ptrdiff_t>(mark),
          [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.'; });
  if (!is_uri) {
    return location;
  }
  const std::string scheme = location.substr(0, mark);
  if (scheme != "file") {
    throw DataError(str(printable(location, 4096),
                        ": expected a folder, a file or a file:// URI, found the scheme \"", scheme,
                        "\". Copy the data to a local folder and give that."));
  }
  std::string_view rest = std::string_view(location).substr(mark + 3);
  if (rest.starts_with("localhost/")) {
    rest.remove_prefix(9);
  }
  if (!rest.starts_with('/')) {
    throw DataError(str(
        printable(location, 4096), ": expected file:// and an absolute path, found the host \"",
        printable(rest.substr(0, rest.find('/'))), "\". Write file:///path, with three slashes."));
  }
  return decoded(rest);
}

/// What is at `path`, which is neither a regular file nor a folder.
std::string special_file(const std::string& path, fs::file_type type,
                         const std::error_code& error) {
  std::error_code no_link;
  const fs::path target = fs::read_symlink(path, no_link);
  if (!no_link && (type == fs::file_type::not_found || error)) {
    return str("a link to ", printable(target.string(), 4096), ", where nothing can be read");
  }
  switch (type) {
    case fs::file_type::fifo:
      return "a pipe";
    case fs::file_type::socket:
      return "a socket";
    case fs::file_type::block:
    case fs::file_type::character:
      return "a device";
    default:
      return error ? str('"', error.message(), '"') : "something else";
  }
}

std::vector<std::string> names_in(const std::string& folder, const std::string& shown) {
  std::error_code error;
  std::vector<std::string> names;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    names.push_back(entries->path().filename().string());
  }
  if (error) {
    throw DataError(str(shown, ": expected a readable folder, found \"", error.message(),
                        "\". Check its permissions."));
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// All files of a folder that are read, as training files, and those that are not.
DataFiles files_of_folder(const std::string& folder, const std::string& shown) {
  DataFiles files;
  for (const std::string& name : names_in(folder, shown)) {
    const std::string path = (fs::path(folder) / name).string();
    const Exclusion exclusion = exclusion_of(name);
    std::error_code error;
    const fs::file_type type = fs::status(path, error).type();
    if (type == fs::file_type::directory) {
      files.ignored.push_back({path, "a subfolder"});
    } else if (!exclusion.reason.empty()) {
      files.ignored.push_back({path, std::string(exclusion.reason)});
      if (exclusion.looks_like_data) {
        files.notices.push_back(
            str(printable(path, 4096), ": ignored, because it is ", exclusion.reason, "."));
      }
    } else if (type != fs::file_type::regular) {
      throw DataError(str(printable(path, 4096), ": expected a file with data, found ",
                          special_file(path, type, error),
                          ". Put the file there, or remove this from the folder."));
    } else if (names_classes(name)) {
      if (!files.class_names.empty()) {
        throw DataError(
            str(printable(path, 4096),
                ": expected one table of characters in a folder, found a second beside ",
                printable(files.class_names.front(), 4096), ". Keep one of them."));
      }
      files.class_names.push_back(path);
    } else if (name.ends_with(".gz") && std::binary_search(files.train.begin(), files.train.end(),
                                                           path.substr(0, path.size() - 3))) {
      files.ignored.push_back({path, "the packed form of a file beside it"});
    } else {
      files.train.push_back(path);
    }
  }
  return files;
}

/// Moves the files of `files.train` to the sets that their names say.
void assign_uses(const std::string& shown, DataFiles& files) {
  const std::vector<std::string> all = std::exchange(files.train, {});
  for (const std::string& path : all) {
    const FileUse use = use_of(path);
    (use == FileUse::test         ? files.test
     : use == FileUse::validation ? files.validation
                                  : files.train)
        .push_back(path);
  }
  if (files.train.empty() && files.validation.empty()) {
    std::swap(files.train, files.test);
  }
  if (files.train.empty()) {
    throw DataError(str(shown, ": expected training files, found only validation ",
                        files.test.empty() ? "files" : "and test files",
                        " by their names. Add or rename a file, or give the file to train on."));
  }
}

/// The files as strings that are equal for one file, however it is named.
std::set<std::string> canonical(const std::vector<std::string>& paths) {
  std::set<std::string> result;
  for (const std::string& path : paths) {
    std::error_code error;
    const fs::path canonical = fs::weakly_canonical(path, error);
    result.insert(error ? path : canonical.string());
  }
  return result;
}

/// Replaces a set of `files`, called `name`, by other files.
void replace_set(const DataFiles& named, std::string_view name,
                 std::vector<std::string> DataFiles::*set, DataFiles& files) {
  for (const std::string& path : files.*set) {
    files.ignored.push_back({path, str("another ", name, " set was named")});
  }
  files.*set = named.train;
  files.class_names.insert(files.class_names.end(), named.class_names.begin(),
                           named.class_names.end());
  files.ignored.insert(files.ignored.end(), named.ignored.begin(), named.ignored.end());
  files.notices.insert(files.notices.end(), named.notices.begin(), named.notices.end());
}

/// A folder that was named twice has added its entries twice.
void sort_without_repeats(DataFiles& files) {
  std::stable_sort(files.ignored.begin(), files.ignored.end(),
                   [](const IgnoredFile& x, const IgnoredFile& y) { return x.path < y.path; });
  const auto same =
      std::unique(files.ignored.begin(), files.ignored.end(),
                  [](const IgnoredFile& x, const IgnoredFile& y) { return x.path == y.path; });
  files.ignored.erase(same, files.ignored.end());
  std::sort(files.notices.begin(), files.notices.end());
  files.notices.erase(std::unique(files.notices.begin(), files.notices.end()), files.notices.end());
}

}  // namespace

DataFiles find_one_set(const std::string& location) {
  const std::string path = local_path(location);
  const std::string shown = printable(path, 4096);
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (path.empty() || status.type() == fs::file_type::not_found) {
    throw DataNotFound(
        str(shown.empty() ? "\"\"" : shown,
            ": expected a folder or a file with data, found nothing there. Check the path."));
  }
  if (error) {
    throw DataError(str(shown, ": expected a readable folder or file, found \"", error.message(),
                        "\". Check the permissions."));
  }
  if (!fs::is_directory(status)) {
    return {.train = {path}};
  }
  DataFiles files = files_of_folder(path, shown);
  if (files.train.empty()) {
    throw DataError(str(shown, ": expected a folder with data files, found ",
                        files.notices.empty() ? "none in it (subfolders are not searched)"
                                              : "only files that are ignored, such as backups",
                        ". Put the data there or give another folder."));
  }
  return files;
}

DataFiles find_data_files(const DataLocations& locations) {
  DataFiles files = find_one_set(locations.data);
  const std::string folder = local_path(locations.data);
  if (std::error_code error; fs::is_directory(folder, error)) {
    assign_uses(printable(folder, 4096), files);
  }
  const DataFiles validation =
      locations.validation.empty() ? DataFiles{} : find_one_set(locations.validation);
  const DataFiles test = locations.test.empty() ? DataFiles{} : find_one_set(locations.test);
  std::set<std::string> named = canonical(validation.train);
  named.merge(canonical(test.train));
  const auto is_named = [&](const std::string& path) {
    return named.contains(*canonical({path}).begin());
  };
  std::erase_if(files.validation, is_named);
  std::erase_if(files.test, is_named);
  // Training and evaluating on the same files is allowed when nothing else would be left.
  if (!std::all_of(files.train.begin(), files.train.end(), is_named)) {
    std::erase_if(files.train, is_named);
  }
  if (!locations.validation.empty()) {
    replace_set(validation, "validation", &DataFiles::validation, files);
  }
  if (!locations.test.empty()) {
    replace_set(test, "test", &DataFiles::test, files);
  }
  sort_without_repeats(files);
  return files;
}

}  // namespace dga
