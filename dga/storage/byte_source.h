// SPDX-License-Identifier: Apache-2.0
//
// ByteSource: the reading half of a Store. Formats and file readers read only through it, so they
// do not know where the bytes lie.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace dga {

/// Receives some bytes, which are valid during the call.
using UseBytes = std::function<void(std::span<const char> bytes)>;

/// Bytes that several threads may read at the same time, at any offset.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// The name for errors: the path of the file, made printable.
  virtual const std::string& name() const = 0;
  virtual std::int64_t size() const = 0;
  /// Fills `into` with the bytes from `offset` on, which must lie within size(). Throws
  /// StorageError if they cannot be read, and if the file has become shorter.
  virtual void read(std::int64_t offset, std::span<char> into) const = 0;
  /// Calls `use` with the bytes from `offset` on, `count` of them, in order and in pieces of any
  /// size. Reads nothing twice and keeps only one piece. Throws as `read` does, and what `use`
  /// throws.
  virtual void stream(std::int64_t offset, std::int64_t count, const UseBytes& use) const;
  /// How many short ranges are best read at the same time, because each has to wait for an answer.
  /// 1 where waiting takes no time, as on a local disk.
  virtual int reads_at_a_time() const noexcept { return 1; }
};

using SourcePtr = std::shared_ptr<const ByteSource>;

/// Bytes in memory. `name` is used in errors.
SourcePtr source_of(std::string name, std::string bytes);

/// All bytes of `source`.
std::string read_all(const ByteSource& source);

/// `text` for an error: control characters become `\xNN`, and bytes after the first `most` become
/// "...".
std::string printable(std::string_view text, std::size_t most = 40);

}  // namespace dga
