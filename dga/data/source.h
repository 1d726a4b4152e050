// SPDX-License-Identifier: Apache-2.0
//
// ByteSource: the input of the formats. They read only through this interface, so another kind of
// storage needs no change in them.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace dga {

/// Bytes that several threads may read at the same time, at any offset.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// The name for errors: the path of the file, made printable.
  virtual const std::string& name() const = 0;
  virtual std::int64_t size() const = 0;
  /// Fills `into` with the bytes from `offset` on, which must lie within size(). Throws DataError
  /// if they cannot be read.
  virtual void read(std::int64_t offset, std::span<char> into) const = 0;
};

using SourcePtr = std::shared_ptr<const ByteSource>;

/// Opens a regular file. If its content is gzip, unpacks it into memory first. Throws DataError if
/// the file is missing, unreadable, not a regular file, or damaged gzip.
SourcePtr open_file(const std::string& path);

/// Bytes in memory. `name` is used in errors.
SourcePtr source_of(std::string name, std::string bytes);

/// `text` for an error: control characters become `\xNN`, and bytes after the first `most` become
/// "...".
std::string printable(std::string_view text, std::size_t most = 40);

}  // namespace dga
