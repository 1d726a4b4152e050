// SPDX-License-Identifier: Apache-2.0
//
// Segment: a block of zeroed memory that the workers of one node share. The kernel allocates its
// pages when they are first touched.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace dga {

/// How the workers of a node access each other's memory.
enum class MemoryKind : std::uint8_t {
  heap,    ///< threads: all use the same addresses
  mapped,  ///< processes: each maps a segment at its own address
};

/// What another worker needs to attach to a segment. It is copied through shared memory, so it
/// consists of plain bytes.
struct SegmentHandle {
  std::uint64_t id = 0;  ///< unique among the segments of a node's workers; 0: no segment
  std::int64_t bytes = 0;
  void* address = nullptr;  ///< heap only
  pid_t owner = 0;          ///< mapped only: the process that holds descriptor `fd` open
  int fd = -1;
};

/// One worker's reference to a segment; the destructor releases it. A mapped segment is an
/// anonymous memory file (memfd). It has no name, so the kernel frees it with the last process that
/// maps it, however that process ends. A heap segment counts its holders, and the last one frees
/// it. Movable, not copyable.
class Segment {
 public:
  Segment() = default;
  /// Creates a segment of `bytes`, which must be positive. `holders` is the number of Segment
  /// objects that will refer to a heap segment: this one, and one from `attach` for each of the
  /// others. Ignored for mapped segments. Throws Error if the system refuses the memory.
  static Segment create(MemoryKind kind, std::int64_t bytes, int holders);
  /// Refers to a segment that another worker has created and not yet released. Throws Error if the
  /// owner's memory file cannot be opened, for instance because it belongs to another container or
  /// user.
  static Segment attach(MemoryKind kind, const SegmentHandle& handle);

  Segment(Segment&& other) noexcept;
  Segment& operator=(Segment&& other) noexcept;
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  ~Segment();

  std::byte* data() const noexcept { return data_; }
  std::int64_t bytes() const noexcept { return handle_.bytes; }
  std::uint64_t id() const noexcept { return handle_.id; }
  const SegmentHandle& handle() const noexcept { return handle_; }
  explicit operator bool() const noexcept { return data_ != nullptr; }

 private:
  void release() noexcept;

  std::byte* data_ = nullptr;
  SegmentHandle handle_;
  MemoryKind kind_ = MemoryKind::heap;
  bool created_ = false;  // by this object, which therefore closes the descriptor
};

}  // namespace dga
