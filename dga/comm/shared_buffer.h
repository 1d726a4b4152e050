// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dga/base/dtype.h"

namespace dga {

class Segment;
class World;

/// Memory that the workers of a node share. Starts zeroed, aligned to 64 bytes. Freed when the last
/// rank drops it, so a neighbour never reads memory that is gone. Copies share one hold.
class SharedBuffer {
 public:
  SharedBuffer() = default;
  /// `own`: which of the `parts` (offset and bytes of each of the node's ranks) is this rank's.
  SharedBuffer(std::shared_ptr<World> world, Segment segment, std::size_t own,
               std::vector<std::int64_t> offsets, std::vector<std::int64_t> bytes);

  std::byte* data() const noexcept;
  std::int64_t bytes() const noexcept;
  template <typename T>
  T* as() const noexcept {
    return reinterpret_cast<T*>(data());
  }
  /// Elements of T in this rank's part.
  template <typename T>
  BufferView view() const noexcept {
    return {as<T>(), bytes() / static_cast<std::int64_t>(sizeof(T))};
  }
  /// The part of the node's `local`-th rank. Reading it while that rank writes is a race that
  /// collectives on the buffer resolve.
  std::byte* neighbour(int local) const;
  explicit operator bool() const noexcept { return hold_ != nullptr; }

 private:
  struct Hold;
  std::shared_ptr<Hold> hold_;
};

}  // namespace dga
