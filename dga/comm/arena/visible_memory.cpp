// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/arena/visible_memory.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace dga {

void VisibleMemory::add(const Segment& segment) {
  known_[segment.id()] = {segment.handle(), segment.data()};
}

void VisibleMemory::remove(const Segment& segment) noexcept {
  known_.erase(segment.id());
}

Segment VisibleMemory::take_staging(std::int64_t bytes) {
  for (auto it = staging_.begin(); it != staging_.end(); ++it) {
    if (it->bytes() >= bytes) {
      Segment found = std::move(*it);
      staging_.erase(it);
      return found;
    }
  }
  // Sizes are powers of two, so that messages of growing size leave few unused segments behind.
  const auto size = static_cast<std::int64_t>(
      std::bit_ceil(static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 64 << 10))));
  Segment created = Segment::create(kind_, size, 1);
  add(created);
  return created;
}

void VisibleMemory::give_back(Segment staging) {
  const auto larger = std::find_if(staging_.begin(), staging_.end(), [&](const Segment& other) {
    return other.bytes() >= staging.bytes();
  });
  staging_.insert(larger, std::move(staging));
}

const VisibleMemory::KnownSegment* VisibleMemory::find(const void* data,
                                                       std::int64_t bytes) const noexcept {
  const auto* start = static_cast<const std::byte*>(data);
  for (const auto& [id, known] : known_) {
    if (start >= known.data && start + bytes <= known.data + known.handle.bytes) {
      return &known;
    }
  }
  return nullptr;
}

std::byte* VisibleMemory::resolve(const SegmentHandle& handle, std::int64_t offset) {
  if (const auto found = known_.find(handle.id); found != known_.end()) {
    return found->second.data + offset;
  }
  auto found = attached_.find(handle.id);
  if (found == attached_.end()) {
    found = attached_.emplace(handle.id, Segment::attach(kind_, handle)).first;
  }
  return found->second.data() + offset;
}

}  // namespace dga
