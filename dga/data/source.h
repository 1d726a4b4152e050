// SPDX-License-Identifier: Apache-2.0
//
// ByteSource: where a format's bytes come from. Formats read through it alone, so that another
// place (a file in memory, a cluster's file system) needs no change in them.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace dga {

/// A run of bytes that can be read at any position, by several threads at once.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// As errors name it: the path of the file, made printable.
  virtual const std::string& name() const = 0;
  virtual std::int64_t size() const = 0;
  /// Fills `into` with the bytes from `offset` on; they must lie within size().
  /// Throws DataError when they cannot be read.
  virtual void read(std::int64_t offset, std::span<char> into) const = 0;
};

using SourcePtr = std::shared_ptr<const ByteSource>;

/// A regular file; one that is gzip by its content is unpacked into memory first. Throws DataError
/// when it is missing, unreadable, not a regular file, or damaged gzip.
SourcePtr open_file(const std::string& path);

/// Bytes in memory, under a name for errors.
SourcePtr source_of(std::string name, std::string bytes);

/// `text` on one line, short and printable, for use in an error.
std::string printable(std::string_view text, std::size_t most = 40);

}  // namespace dga
