// SPDX-License-Identifier: Apache-2.0
//
// CheckedSource: a file whose contents are known from a manifest.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "dga/base/content_hash.h"
#include "dga/storage/byte_source.h"

namespace dga {

/// Sums up the bytes while they are read. Reads in about the order of the file, whole or in ranges,
/// cost no second pass: a range that comes early, as from one of several threads, is kept until its
/// turn, within a bound. Without an expected sum it only passes the bytes on. Thread-safe.
class CheckedSource final : public ByteSource {
 public:
  /// Throws StorageError if the size is not the expected one.
  CheckedSource(SourcePtr file, std::optional<ContentSum> expected);

  const std::string& name() const override { return file_->name(); }
  std::int64_t size() const override { return file_->size(); }
  void read(std::int64_t offset, std::span<char> into) const override;
  void stream(std::int64_t offset, std::int64_t count, const UseBytes& use) const override;
  int reads_at_a_time() const noexcept override { return file_->reads_at_a_time(); }

  /// Reads what was not read in the order of the file. Throws StorageError if that fails, or if the
  /// bytes do not have the expected checksum. What was read is known to be right only after this.
  void check() const;

 private:
  void add(std::int64_t offset, std::span<const char> bytes) const;
  /// `offset` is not behind the bytes of hash_.
  void add_next(std::int64_t offset, std::span<const char> bytes) const;

  SourcePtr file_;
  std::optional<ContentSum> expected_;
  mutable std::mutex mutex_;                           // guards the rest
  mutable ContentHash hash_;                           // of the first bytes of the file
  mutable std::map<std::int64_t, std::string> early_;  // ranges behind these, by offset
  mutable std::size_t early_bytes_ = 0;
};

}  // namespace dga
