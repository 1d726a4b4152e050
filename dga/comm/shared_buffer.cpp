// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/shared_buffer.h"

#include "dga/base/error.h"
#include "dga/comm/arena/world.h"

namespace dga {

struct SharedBuffer::Hold {
  Hold(std::shared_ptr<World> world_, Segment segment_, std::size_t own_,
       std::vector<std::int64_t> offsets_, std::vector<std::int64_t> bytes_)
      : world(std::move(world_)),
        segment(std::move(segment_)),
        own(own_),
        offsets(std::move(offsets_)),
        bytes(std::move(bytes_)) {
    world->visible().add(segment);
  }
  ~Hold() { world->visible().remove(segment); }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  std::shared_ptr<World> world;
  Segment segment;
  std::size_t own;
  std::vector<std::int64_t> offsets;
  std::vector<std::int64_t> bytes;
};

SharedBuffer::SharedBuffer(std::shared_ptr<World> world, Segment segment, std::size_t own,
                           std::vector<std::int64_t> offsets, std::vector<std::int64_t> bytes)
    : hold_(std::make_shared<Hold>(std::move(world), std::move(segment), own, std::move(offsets),
                                   std::move(bytes))) {}

std::byte* SharedBuffer::data() const noexcept {
  return hold_ ? hold_->segment.data() + hold_->offsets[hold_->own] : nullptr;
}

std::int64_t SharedBuffer::bytes() const noexcept {
  return hold_ ? hold_->bytes[hold_->own] : 0;
}

std::byte* SharedBuffer::neighbour(int local) const {
  DGA_CHECK(hold_ && local >= 0 && static_cast<std::size_t>(local) < hold_->offsets.size(),
            "[comm] SharedBuffer: expected a local rank in [0, ", hold_ ? hold_->offsets.size() : 0,
            "), found ", local, ". Pass a rank's position among the ranks of this node.");
  return hold_->segment.data() + hold_->offsets[static_cast<std::size_t>(local)];
}

}  // namespace dga
