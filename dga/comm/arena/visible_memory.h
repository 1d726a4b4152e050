// SPDX-License-Identifier: Apache-2.0
//
// VisibleMemory: the segments that this worker shares with its neighbours, and where each of them
// is mapped in this process.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "dga/comm/arena/segment.h"

namespace dga {

/// Each worker has one, in its World. Not thread-safe.
class VisibleMemory {
 public:
  explicit VisibleMemory(MemoryKind kind) noexcept : kind_(kind) {}

  struct KnownSegment {
    SegmentHandle handle;
    std::byte* data = nullptr;
  };

  void add(const Segment& segment);
  void remove(const Segment& segment) noexcept;
  /// Returns a segment of at least `bytes` that neighbours can read and write, for use until
  /// `give_back`. Staging segments stay mapped as long as the World, so neighbours never find other
  /// memory under a handle that they have attached.
  Segment take_staging(std::int64_t bytes);
  void give_back(Segment staging);
  /// The known segment that contains all of [data, data + bytes), or null.
  const KnownSegment* find(const void* data, std::int64_t bytes) const noexcept;
  /// The address in this process of byte `offset` of another worker's segment. Attaches the segment
  /// at its first use; throws as Segment::attach does.
  std::byte* resolve(const SegmentHandle& handle, std::int64_t offset);

 private:
  MemoryKind kind_;
  std::map<std::uint64_t, KnownSegment> known_;
  std::map<std::uint64_t, Segment> attached_;
  std::vector<Segment> staging_;  // not in use, in ascending order of size
};

}  // namespace dga
