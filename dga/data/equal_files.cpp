// SPDX-License-Identifier: Apache-2.0

#include "dga/data/equal_files.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/parallel_for.h"
#include "dga/crypto/sha256.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

// The first piece is small, because most files differ early.
constexpr std::int64_t kFirstPiece = std::int64_t{16} << 10;
constexpr std::int64_t kPiece = std::int64_t{1} << 20;

/// Files whose first `compared` bytes are equal.
struct Candidates {
  std::vector<std::size_t> files;
  std::int64_t compared = 0;
};

/// A hash of bytes [offset, offset + count) of a file; empty if they cannot be read.
std::string hash_of_piece(const std::string& path, std::int64_t offset, std::int64_t count) {
  try {
    std::string bytes(static_cast<std::size_t>(count), '\0');
    StorePath(path).open()->read(offset, bytes);
    return sha256_hex(std::as_bytes(std::span(bytes)));
  } catch (const StorageError&) {
    return {};
  }
}

/// The size of a file, if it can be looked at.
std::optional<std::int64_t> size_of_file(const std::string& path) {
  try {
    const auto status = StorePath(path).status();
    return status && status->is_file() ? std::optional(status->size) : std::nullopt;
  } catch (const StorageError&) {
    return std::nullopt;
  }
}

}  // namespace

std::vector<EqualFiles> equal_files(std::span<const std::string> paths, int threads) {
  // Ten thousand files are looked at on all cores, since each may be a request to a server.
  std::vector<std::optional<std::int64_t>> sizes(paths.size());
  parallel_for(std::ssize(paths), threads, [&](std::int64_t i, int /*thread*/) {
    sizes[static_cast<std::size_t>(i)] = size_of_file(paths[static_cast<std::size_t>(i)]);
  });
  std::map<std::int64_t, std::vector<std::size_t>> by_size;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (sizes[i]) {
      by_size[*sizes[i]].push_back(i);
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
        const std::int64_t count =
            std::min(group.compared == 0 ? kFirstPiece : kPiece, size - group.compared);
        std::vector<std::string> hashes(group.files.size());
        parallel_for(std::ssize(hashes), threads, [&](std::int64_t i, int /*thread*/) {
          const auto at = static_cast<std::size_t>(i);
          hashes[at] = hash_of_piece(paths[group.files[at]], group.compared, count);
        });
        std::map<std::string, std::vector<std::size_t>> by_hash;
        for (std::size_t i = 0; i < hashes.size(); ++i) {
          by_hash[hashes[i]].push_back(group.files[i]);
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

std::vector<std::string> notices_of_copies(std::span<const std::string> paths, int threads) {
  constexpr std::size_t kMostNamed = 5;
  const std::vector<EqualFiles> copies = equal_files(paths, threads);
  std::vector<std::string> notices;
  for (std::size_t i = 0; i < std::min(copies.size(), kMostNamed); ++i) {
    const std::string& first = paths[copies[i].first];
    const std::string& copy = paths[copies[i].copy];
    const auto same_file = [&] {
      const auto one = StorePath(first).status();
      const auto other = StorePath(copy).status();
      return one && other && one->identity == other->identity;
    };
    notices.push_back(str(printable(copy, 4096),
                          same_file() ? ": the same file as " : ": the same bytes as ",
                          printable(first, 4096), ". Use each sample once, unless that is meant."));
  }
  if (copies.size() > kMostNamed) {
    notices.push_back(str(printable(paths[copies[kMostNamed].copy], 4096), " and ",
                          copies.size() - kMostNamed - 1,
                          " more: the same bytes as other files. Use each sample once, unless that "
                          "is meant."));
  }
  return notices;
}

}  // namespace dga
