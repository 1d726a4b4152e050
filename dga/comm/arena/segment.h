// SPDX-License-Identifier: Apache-2.0
//
// Segment: a run of zeroed memory that the workers of one node share. Pages cost nothing before
// they are first touched.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace dga {

/// How the workers of a node reach each other's memory.
enum class MemoryKind : std::uint8_t {
  heap,    ///< threads: an address means the same to everybody
  mapped,  ///< processes: each maps the segment at an address of its own
};

/// What another worker needs to reach a segment. Plain bytes: it travels through shared memory.
struct SegmentHandle {
  std::uint64_t id = 0;  ///< unique among the segments of all workers of the machine; 0: none
  std::int64_t bytes = 0;
  void* address = nullptr;  ///< heap only
  pid_t owner = 0;          ///< mapped only: the process that holds descriptor `fd` open
  int fd = -1;
};

/// One worker's hold on a segment. Mapped segments are anonymous memory files (memfd): they have no
/// name, so they vanish with the last process that maps them, however it ends. Heap segments count
/// their holders, and the last one frees the memory.
class Segment {
 public:
  Segment() = default;
  /// Reserves `bytes` and becomes its first holder. `holders`: how many workers will hold a heap
  /// segment, the creator included; all the others must `attach`. Throws Error when memory is
  /// short.
  static Segment create(MemoryKind kind, std::int64_t bytes, int holders);
  /// Throws Error when the owner's memory file cannot be opened (another container or user).
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
};

}  // namespace dga
