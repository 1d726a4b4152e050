// SPDX-License-Identifier: Apache-2.0
//
// AppendedFile: a file that grows at its end, and the sum of its contents. Internal to the room.

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "dga/base/content_hash.h"
#include "dga/storage/store.h"

namespace dga {

/// One writer at a time. All members throw StorageError.
class AppendedFile {
 public:
  /// Opens or creates the file at `path`, a plain path or a URI.
  explicit AppendedFile(const std::string& path);

  /// See FileAppender.
  void append(std::span<const std::byte> bytes);
  /// Of what was there before, as it was read, and of all bytes appended, as they were given.
  ContentSum written() const { return hash_.sum(); }

 private:
  ContentHash hash_;
  std::unique_ptr<FileAppender> file_;
};

}  // namespace dga
