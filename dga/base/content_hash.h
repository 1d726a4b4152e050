// SPDX-License-Identifier: Apache-2.0
//
// ContentHash: what tells the contents of a file from damaged ones.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace dga {

/// The number of bytes of a file, and their checksum.
struct ContentSum {
  std::int64_t bytes = 0;
  /// XXH3-128 as 32 lower-case hexadecimal digits, the highest first, as xxhsum prints it.
  std::string checksum = {};

  bool operator==(const ContentSum&) const = default;
};

/// XXH3-128 of bytes that arrive in pieces, at memory speed. It finds damage; for hashes that
/// nobody can forge, see crypto/sha256.h. Not thread-safe.
class ContentHash {
 public:
  /// Throws std::bad_alloc.
  ContentHash();
  ~ContentHash();
  ContentHash(ContentHash&&) noexcept;
  ContentHash& operator=(ContentHash&&) noexcept;

  void add(std::span<const std::byte> bytes) noexcept;
  /// Of all bytes so far; more may follow.
  ContentSum sum() const;
  std::int64_t bytes() const noexcept { return bytes_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::int64_t bytes_ = 0;
};

}  // namespace dga
