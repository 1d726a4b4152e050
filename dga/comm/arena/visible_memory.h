// SPDX-License-Identifier: Apache-2.0
//
// VisibleMemory: the memory of this node that other workers can read, and how to find it here.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "dga/comm/arena/segment.h"

namespace dga {

/// Each worker has one, in its World. Used by the worker's thread alone.
class VisibleMemory {
 public:
  explicit VisibleMemory(MemoryKind kind) noexcept : kind_(kind) {}

  struct KnownSegment {
    SegmentHandle handle;
    std::byte* data = nullptr;
  };

  void add(const Segment& segment);
  void remove(const Segment& segment) noexcept;
  /// A segment of at least `bytes` that neighbours can read. It belongs to this worker until
  /// `give_back`. It stays mapped as long as the world: an address that was visible once never
  /// means other memory.
  Segment take_staging(std::int64_t bytes);
  void give_back(Segment staging);
  /// The known segment that holds all of [data, data + bytes), or null.
  const KnownSegment* find(const void* data, std::int64_t bytes) const noexcept;
  /// Where `offset` of another worker's segment lies in this process; attached at first use.
  std::byte* resolve(const SegmentHandle& handle, std::int64_t offset);

 private:
  MemoryKind kind_;
  std::map<std::uint64_t, KnownSegment> known_;
  std::map<std::uint64_t, Segment> attached_;
  std::vector<Segment> staging_;  // not in use, in ascending order of size
};

}  // namespace dga
