// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/communicator.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "dga/comm/arena/group.h"
#include "dga/comm/arena/mailbox.h"
#include "dga/comm/collectives/arguments.h"
#include "dga/comm/collectives/collective.h"

namespace dga {
namespace {

Pending start(const std::shared_ptr<Group>& group, CollectiveArgs args) {
  return {group, std::make_unique<Collective>(group, std::move(args))};
}

void run(const std::shared_ptr<Group>& group, CollectiveArgs args) {
  Collective collective(group, std::move(args));
  complete(group->world(), collective);
}

/// Gathers one value from each rank of this node, by local rank. Collective over the node.
template <typename T>
std::vector<T> exchange(const std::shared_ptr<Group>& group, const T& mine,
                        std::string_view label) {
  std::vector<T> all(static_cast<std::size_t>(group->num_locals()));
  const auto bytes = static_cast<std::int64_t>(sizeof(T));
  run(group, {.kind = CollectiveKind::exchange,
              .in = {static_cast<const void*>(&mine), bytes, DType::u8},
              .out = {static_cast<void*>(all.data()), bytes * group->num_locals(), DType::u8},
              .label = label});
  return all;
}

/// A segment of this node that its first rank creates and all its ranks hold. Collective over the
/// node.
Segment make_segment(const std::shared_ptr<Group>& group, std::int64_t bytes) {
  const MemoryKind kind = group->world().memory();
  const bool leads = group->my_local() == 0;
  Segment segment;
  SegmentHandle handle;
  if (leads) {
    segment = Segment::create(kind, bytes, group->num_locals());
    handle = segment.handle();
  }
  handle = exchange(group, handle, "segment").front();
  if (!leads) {
    segment = Segment::attach(kind, handle);
  }
  // Attaching needs the first rank's descriptor, so the first rank must not return, and possibly
  // release the segment, before all are attached.
  exchange(group, std::uint8_t{1}, "attached");
  return segment;
}

}  // namespace

Communicator::Communicator(std::shared_ptr<Group> group) : group_(std::move(group)) {}

int Communicator::rank() const noexcept {
  return group_->rank();
}

int Communicator::size() const noexcept {
  return group_->size();
}

void Communicator::note_steps(std::int64_t steps) const noexcept {
  group_->world().own_presence().steps.store(steps, std::memory_order_relaxed);
}

Placement Communicator::placement() const {
  Placement placement;
  for (int rank = 0; rank < size(); ++rank) {
    placement.node_of.push_back(group_->node_of(rank));
  }
  return placement;
}

void Communicator::barrier(std::string_view label) const {
  run(group_, {.kind = CollectiveKind::barrier, .label = label});
}

void Communicator::broadcast(BufferView buffer, int root, std::string_view label) const {
  run(group_, broadcast_args(*group_, buffer, root, label));
}

void Communicator::all_reduce(BufferView buffer, ReduceOp op, std::string_view label) const {
  check_buffer("all_reduce", "buffer", buffer);
  // Between nodes a long message is cut into pieces: while one is on the wire, the next is reduced.
  const std::int64_t piece = (std::int64_t{1} << 20) / size_of(buffer.type) * size();
  if (group_->num_nodes() == 1 || buffer.count <= piece) {
    run(group_, all_reduce_args(*group_, buffer, op, label));
    return;
  }
  constexpr std::size_t kMostPieces = 4;  // in progress; more only use more memory
  std::vector<Pending> pieces;
  for (std::int64_t first = 0; first < buffer.count; first += piece) {
    if (pieces.size() >= kMostPieces) {
      pieces[pieces.size() - kMostPieces].wait();
    }
    const auto part = buffer.slice(first, std::min(piece, buffer.count - first));
    CollectiveArgs args = all_reduce_args(*group_, part, op, label);
    args.whole_count = buffer.count;
    args.first = first;
    pieces.push_back(start(group_, std::move(args)));
  }
  for (Pending& pending : pieces) {
    pending.wait();
  }
}

Pending Communicator::start_all_reduce(BufferView buffer, ReduceOp op,
                                       std::string_view label) const {
  return start(group_, all_reduce_args(*group_, buffer, op, label));
}

void Communicator::reduce(ConstBufferView in, BufferView out, int root, ReduceOp op,
                          std::string_view label) const {
  run(group_, reduce_args(*group_, in, out, root, op, label));
}

void Communicator::reduce_scatter(ConstBufferView in, BufferView out, ReduceOp op,
                                  std::vector<std::int64_t> counts, double weight,
                                  std::string_view label) const {
  run(group_, reduce_scatter_args(*group_, in, out, op, std::move(counts), weight, label));
}

Pending Communicator::start_reduce_scatter(ConstBufferView in, BufferView out, ReduceOp op,
                                           std::vector<std::int64_t> counts, double weight,
                                           std::string_view label) const {
  return start(group_, reduce_scatter_args(*group_, in, out, op, std::move(counts), weight, label));
}

Pending Communicator::start_reduce_scatter_partials(ConstBufferView in, BufferView out,
                                                    const WorkerBlocks& blocks,
                                                    std::vector<std::int64_t> counts,
                                                    std::string_view label) const {
  return start(group_, reduce_partials_args(*group_, in, out, blocks, std::move(counts), label));
}

void Communicator::all_gather(ConstBufferView in, BufferView out, std::vector<std::int64_t> counts,
                              std::string_view label) const {
  run(group_, all_gather_args(*group_, in, out, std::move(counts), label));
}

Pending Communicator::start_all_gather(ConstBufferView in, BufferView out,
                                       std::vector<std::int64_t> counts,
                                       std::string_view label) const {
  return start(group_, all_gather_args(*group_, in, out, std::move(counts), label));
}

void Communicator::gather(ConstBufferView in, BufferView out, int root,
                          std::vector<std::int64_t> counts, std::string_view label) const {
  run(group_, gather_args(*group_, in, out, root, std::move(counts), label));
}

void Communicator::scatter(ConstBufferView in, BufferView out, int root,
                           std::vector<std::int64_t> counts, std::string_view label) const {
  run(group_, scatter_args(*group_, in, out, root, std::move(counts), label));
}

void Communicator::all_to_all(ConstBufferView in, BufferView out,
                              std::vector<std::int64_t> send_counts,
                              std::vector<std::int64_t> receive_counts,
                              std::string_view label) const {
  run(group_,
      all_to_all_args(*group_, in, out, std::move(send_counts), std::move(receive_counts), label));
}

void Communicator::share(BufferView buffer, std::vector<std::int64_t> counts,
                         std::string_view label) const {
  run(group_, share_args(*group_, buffer, std::move(counts), label));
}

void Communicator::progress() const {
  advance_all(group_->world());
}

Pending Communicator::start_send(ConstBufferView data, int to, int tag) const {
  check_buffer("send", "message", data);
  return {group_, std::make_unique<Transfer>(group_, Transfer::Direction::send, to, tag,
                                             const_cast<void*>(data.data), data.bytes())};
}

Pending Communicator::start_receive(BufferView data, int from, int tag) const {
  check_buffer("receive", "message", data);
  return {group_, std::make_unique<Transfer>(group_, Transfer::Direction::receive, from, tag,
                                             data.data, data.bytes())};
}

void Communicator::send(ConstBufferView data, int to, int tag) const {
  start_send(data, to, tag).wait();
}

void Communicator::receive(BufferView data, int from, int tag) const {
  start_receive(data, from, tag).wait();
}

int Communicator::receive_any(BufferView data, int tag) const {
  check_buffer("receive_any", "message", data);
  DGA_CHECK(tag >= 0 && tag <= Wire::kMaxTag, "[comm] receive_any: expected a tag in [0, ",
            Wire::kMaxTag, "], found ", tag, ". Choose another tag.");
  World& world = group_->world();
  world.check();
  std::optional<int> sender;
  const auto poll = [&] {
    advance_all(world);
    sender = group_->mailbox().poll_sender(tag);
    if (!sender && group_->wire() != nullptr) {
      sender = group_->wire()->poll_sender(tag, Traffic::user);
    }
    return sender.has_value();
  };
  const auto describe = [&] {
    return str("receive from any worker (tag ", tag, ", ", data.bytes(), " bytes)");
  };
  const auto missing = [&] {
    std::vector<int> others;
    std::vector<int> running;  // for all that this worker knows
    for (int rank = 0; rank < size(); ++rank) {
      const int worker = group_->world_rank(rank);
      if (rank == this->rank()) {
        continue;
      }
      others.push_back(worker);
      if (!world.has_returned(worker)) {
        running.push_back(worker);
      }
    }
    return running.empty() ? others : running;
  };
  world.wait_polling(poll, describe, missing);
  receive(data, *sender, tag);
  return *sender;
}

SharedBuffer Communicator::allocate(std::int64_t bytes) const {
  DGA_CHECK(bytes >= 0, "[comm] allocate: expected 0 bytes or more, found ", bytes,
            ". Pass the size in bytes.");
  const auto sizes = exchange(group_, bytes, "allocate");
  std::vector<std::int64_t> offsets;
  std::int64_t total = 0;
  for (const std::int64_t size : sizes) {
    offsets.push_back(total);
    // Whole pages, so that each rank's part can be placed in the memory of its own NUMA node.
    total += (size + 4095) / 4096 * 4096;
  }
  return {group_->shared_world(), make_segment(group_, std::max<std::int64_t>(total, 4096)),
          static_cast<std::size_t>(group_->my_local()), std::move(offsets), sizes};
}

SharedBuffer Communicator::allocate_on_node(std::int64_t bytes) const {
  DGA_CHECK(bytes >= 0, "[comm] allocate_on_node: expected 0 bytes or more, found ", bytes,
            ". Pass the size in bytes.");
  for (const std::int64_t theirs : exchange(group_, bytes, "allocate_on_node")) {
    DGA_CHECK(theirs == bytes, "[comm] allocate_on_node: expected ", bytes,
              " bytes on every rank, found ", theirs, ". Pass the same size on all ranks.");
  }
  const auto locals = static_cast<std::size_t>(group_->num_locals());
  return {group_->shared_world(), make_segment(group_, std::max<std::int64_t>(bytes, 4096)),
          static_cast<std::size_t>(group_->my_local()), std::vector<std::int64_t>(locals, 0),
          std::vector<std::int64_t>(locals, bytes)};
}

Communicator Communicator::split(int color, int key) const {
  DGA_CHECK(color >= 0, "[comm] split: expected a color of 0 or more, found ", color,
            ". Ranks that do not belong to any group form one with a color of their own.");
  struct Choice {
    std::int64_t color;
    std::int64_t key;
  };
  const Choice mine{color, key};
  std::vector<Choice> choices(static_cast<std::size_t>(size()));
  all_gather({static_cast<const void*>(&mine), sizeof(mine), DType::u8},
             {static_cast<void*>(choices.data()),
              static_cast<std::int64_t>(sizeof(Choice) * choices.size()), DType::u8},
             {}, "split");
  std::vector<std::tuple<std::int64_t, int>> chosen;  // key, rank
  for (int rank = 0; rank < size(); ++rank) {
    const Choice& choice = choices[static_cast<std::size_t>(rank)];
    if (choice.color == color) {
      chosen.emplace_back(choice.key, rank);
    }
  }
  std::sort(chosen.begin(), chosen.end());
  std::vector<int> members;
  std::vector<int> neighbours;  // members of the new group on this node, by old rank
  for (const auto& [k, rank] : chosen) {
    members.push_back(group_->world_rank(rank));
    if (group_->node_of(rank) == group_->my_node()) {
      neighbours.push_back(rank);
    }
  }
  // On each node the first rank of each new group creates the memory in which the group meets.
  const MemoryKind kind = group_->world().memory();
  const auto locals = static_cast<int>(neighbours.size());
  const bool leads = neighbours.front() == rank();
  Segment control;
  SegmentHandle handle;
  if (leads) {
    control = Segment::create(kind, Group::control_bytes(locals), locals);
    handle = control.handle();
  }
  const auto handles = exchange(group_, handle, "split");
  if (!leads) {
    const auto& old_locals = group_->locals();
    const auto at = std::find(old_locals.begin(), old_locals.end(), neighbours.front());
    control = Segment::attach(kind, handles[static_cast<std::size_t>(at - old_locals.begin())]);
  }
  exchange(group_, std::uint8_t{1}, "attached");
  auto wire = group_->wire() ? group_->wire()->split(color, key) : nullptr;
  // The same on all ranks of the new group: they have called the same operations here.
  const std::uint64_t id =
      stream_key(group_->id(), "split", static_cast<std::int64_t>(group_->next_number()), color);
  return Communicator(std::make_shared<Group>(group_->shared_world(), std::move(members),
                                              std::move(control), std::move(wire), id));
}

}  // namespace dga
