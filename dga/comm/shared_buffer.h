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

/// Memory that the workers of a node share: Communicator::allocate gives each worker its own part,
/// allocate_on_node gives one part for all workers of the node. It is zeroed and aligned to 64
/// bytes. Each rank releases it with its last copy of the object, and the memory is freed when the
/// last rank has released it. A default-constructed buffer is empty.
class SharedBuffer {
 public:
  SharedBuffer() = default;
  /// Internal to the room. `offsets` and `bytes` describe the part of each local rank; `own` is
  /// this worker's local rank.
  SharedBuffer(std::shared_ptr<World> world, Segment segment, std::size_t own,
               std::vector<std::int64_t> offsets, std::vector<std::int64_t> bytes);

  /// This rank's part, or all of a buffer from allocate_on_node; null if the buffer is empty.
  std::byte* data() const noexcept;
  std::int64_t bytes() const noexcept;
  template <typename T>
  T* as() const noexcept {
    return reinterpret_cast<T*>(data());
  }
  /// This rank's part as elements of type T.
  template <typename T>
  BufferView view() const noexcept {
    return {as<T>(), bytes() / static_cast<std::int64_t>(sizeof(T))};
  }
  /// The part of the rank with position `local` among this node's ranks, counted from 0. Reading it
  /// while its owner writes is a data race: separate the two by a collective. Throws
  /// InvalidArgument for a position out of range.
  std::byte* neighbour(int local) const;
  explicit operator bool() const noexcept { return hold_ != nullptr; }

 private:
  struct Hold;
  std::shared_ptr<Hold> hold_;
};

}  // namespace dga
