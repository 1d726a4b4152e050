// SPDX-License-Identifier: Apache-2.0

#include "dga/data/equal_files.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>
#include <utility>

#include "dga/crypto/sha256.h"

namespace dga {
namespace {

// The first piece is small, because most files differ early.
constexpr std::uintmax_t kFirstPiece = std::uintmax_t{16} << 10;
constexpr std::uintmax_t kPiece = std::uintmax_t{1} << 20;

/// Files whose first `compared` bytes are equal.
struct Candidates {
  std::vector<std::size_t> files;
  std::uintmax_t compared = 0;
};

/// A hash of bytes [offset, offset + count) of a file; empty if they cannot be read.
std::string hash_of_piece(const std::string& path, std::uintmax_t offset, std::uintmax_t count) {
  std::vector<char> bytes(count);
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(bytes.data(), static_cast<std::streamsize>(count));
  return file ? sha256_hex(std::as_bytes(std::span(bytes))) : std::string();
}

}  // namespace

std::vector<EqualFiles> equal_files(std::span<const std::string> paths) {
  std::map<std::uintmax_t, std::vector<std::size_t>> by_size;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(paths[i], error);
    if (!error) {
      by_size[size].push_back(i);
    }
  }
  std::vector<EqualFiles> found;
  for (const auto& [size, files] : by_size) {
    std::vector<Candidates> open{{files}};
    while (!open.empty()) {
      const Candidates group = std::move(open.back());
      open.pop_back();
      if (group.files.size() > 1 && group.compared == size) {
        for (std::size_t i = 1; i < group.files.size(); ++i) {
          found.push_back({group.files.front(), group.files[i]});
        }
      } else if (group.files.size() > 1) {
        const std::uintmax_t count =
            std::min(group.compared == 0 ? kFirstPiece : kPiece, size - group.compared);
        std::map<std::string, std::vector<std::size_t>> by_hash;
        for (const std::size_t i : group.files) {
          by_hash[hash_of_piece(paths[i], group.compared, count)].push_back(i);
        }
        by_hash.erase("");
        for (auto& [hash, same] : by_hash) {
          open.push_back({std::move(same), group.compared + count});
        }
      }
    }
  }
  std::sort(found.begin(), found.end(),
            [](const EqualFiles& a, const EqualFiles& b) { return a.copy < b.copy; });
  return found;
}

}  // namespace dga
