// SPDX-License-Identifier: Apache-2.0

#include "dga/data/location.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "dga/base/error.h"
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

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool is_document(const std::string& name) {
  constexpr std::array<std::string_view, 6> kDocuments = {"readme", "license",  "copying",
                                                          "notice", "citation", "changelog"};
  const std::string small = lower(name);
  const std::string stem = small.substr(0, small.find('.'));
  return small.ends_with(".md") ||
         std::find(kDocuments.begin(), kDocuments.end(), stem) != kDocuments.end();
}

bool has_word(const std::string& name, std::string_view word) {
  const auto is_part = [&](std::size_t i) {
    return i < name.size() && std::isalnum(static_cast<unsigned char>(name[i])) != 0;
  };
  for (std::size_t at = name.find(word); at != std::string::npos; at = name.find(word, at + 1)) {
    if ((at == 0 || !is_part(at - 1)) && !is_part(at + word.size())) {
      return true;
    }
  }
  return false;
}

bool is_test_file(const std::string& path) {
  const std::string name = lower(fs::path(path).filename().string());
  return has_word(name, "test") || has_word(name, "t10k");
}

std::vector<std::string> files_of_folder(const std::string& folder, const std::string& shown) {
  std::error_code error;
  std::vector<std::string> names;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    std::error_code unknown;  // ignored: a dangling link is not a regular file
    if (entries->is_regular_file(unknown) && !name.starts_with('.') && !name.starts_with('_') &&
        !is_document(name)) {
      names.push_back(name);
    }
  }
  if (error) {
    throw DataError(str(shown, ": expected a readable folder, found \"", error.message(),
                        "\". Check its permissions."));
  }
  std::sort(names.begin(), names.end());
  std::vector<std::string> paths;
  for (const std::string& name : names) {
    const bool packed_twin =
        name.ends_with(".gz") &&
        std::binary_search(names.begin(), names.end(), name.substr(0, name.size() - 3));
    if (!packed_twin) {
      paths.push_back((fs::path(folder) / name).string());
    }
  }
  return paths;
}

}  // namespace

DataFiles find_data_files(const std::string& location) {
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
    return {{path}, {}};
  }
  const auto paths = files_of_folder(path, shown);
  if (paths.empty()) {
    throw DataError(str(shown,
                        ": expected a folder with data files, found none in it (subfolders are "
                        "not searched). Put the data there or give another folder."));
  }
  DataFiles files;
  std::partition_copy(paths.begin(), paths.end(), std::back_inserter(files.test),
                      std::back_inserter(files.train), is_test_file);
  if (files.train.empty()) {
    std::swap(files.train, files.test);
  }
  return files;
}

}  // namespace dga
