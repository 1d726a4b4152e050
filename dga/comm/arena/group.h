// SPDX-License-Identifier: Apache-2.0
//
// Group: the workers of a communicator, and the shared memory used by its ranks on one node.
// Internal to the room; users hold a Communicator.

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dga/comm/arena/ring.h"
#include "dga/comm/arena/world.h"
#include "dga/comm/collectives/fixed_tree.h"
#include "dga/comm/collectives/signature.h"

namespace dga {

class Mailbox;

/// Where the neighbours of a worker (the workers of its node) can read its contribution.
struct Region {
  enum class Where : std::uint8_t {
    nowhere,  ///< nothing is published
    inlined,  ///< copied to the descriptor's inline payload
    address,  ///< heap worlds: at `address`
    segment,  ///< mapped worlds: `offset` bytes into the segment of `handle`
  };
  Where where = Where::nowhere;
  const void* address = nullptr;
  SegmentHandle handle;
  std::int64_t offset = 0;
};

/// One worker's entry for one operation. Written by its worker, read by the neighbours.
struct alignas(64) Descriptor {
  /// 4 x the number of the operation + the stage that the worker has reached in it. Stored with
  /// release after the fields below are written. Other workers load it to find which workers have
  /// not arrived yet. Readers of the fields do not rely on it: the slot's phases order them.
  std::atomic<std::uint64_t> published{0};
  Signature signature;
  Region in;     // what the worker contributes
  Region relay;  // what it has received from other nodes on behalf of this node
  double weight = 1;
};

/// Synchronisation state of one operation on one node. Operation number k uses slot k % kSlots, in
/// round k / kSlots + 1.
struct Slot {
  Phase arrived;   // all workers have published their descriptors
  Phase relayed;   // all relay regions are filled
  Phase finished;  // no worker reads another worker's buffers any more
};

class Group final : public Inquired {
 public:
  /// Operations that a worker may have in progress in the group. One more waits for the oldest.
  static constexpr std::uint64_t kSlots = 64;
  /// Contributions up to this size are copied to the inline payload.
  static constexpr std::int64_t kInlineBytes = 4096;

  /// Size of the control segment for `locals` workers of one node.
  static std::int64_t control_bytes(int locals) noexcept;

  /// `members`: world ranks by group rank. `control`: segment of control_bytes, shared by the
  /// members on this node and zeroed before the first of them uses it. `wire`: null if the world
  /// has one node. `id`: the same on all members, and not that of another group.
  Group(std::shared_ptr<World> world, std::vector<int> members, Segment control,
        std::unique_ptr<Wire> wire, std::uint64_t id = kWorldId);
  ~Group() override;
  static constexpr std::uint64_t kWorldId = 1;

  World& world() const noexcept { return *world_; }
  const std::shared_ptr<World>& shared_world() const noexcept { return world_; }
  Wire* wire() const noexcept { return wire_.get(); }
  int rank() const noexcept { return rank_; }
  int size() const noexcept { return static_cast<int>(members_.size()); }
  int world_rank(int rank) const noexcept { return members_[static_cast<std::size_t>(rank)]; }

  // The nodes of this group, numbered in the order of their first member.
  int num_nodes() const noexcept { return static_cast<int>(nodes_.size()); }
  int my_node() const noexcept { return node_of(rank_); }
  int node_of(int rank) const noexcept { return node_of_[static_cast<std::size_t>(rank)]; }
  /// Group ranks on `node`, in ascending order.
  const std::vector<int>& on_node(int node) const noexcept {
    return nodes_[static_cast<std::size_t>(node)];
  }
  const std::vector<int>& locals() const noexcept { return on_node(my_node()); }
  int num_locals() const noexcept { return static_cast<int>(locals().size()); }
  int my_local() const noexcept { return my_local_; }
  /// The relay of `rank` on `node`: the worker that exchanges messages with `rank` on behalf of
  /// `node`.
  int relay_on(int node, int rank) const noexcept {
    const auto& there = on_node(node);
    return there[static_cast<std::size_t>(rank) % there.size()];
  }
  /// Ranks of other nodes whose relay this worker is, in ascending order.
  std::vector<int> relayed_ranks() const;
  /// The cover of `node`: the largest tree nodes whose workers are all on it; see fixed_tree.h.
  const std::vector<TreeNode>& cover_of(int node) const noexcept {
    return covers_[static_cast<std::size_t>(node)];
  }

  Slot& slot(std::uint64_t number) const noexcept;
  Descriptor& descriptor(int local, std::uint64_t number) const noexcept;
  std::byte* inline_payload(int local, std::uint64_t number) const noexcept;
  /// The ring from one local worker to another, and its capacity in bytes.
  Ring& ring(int from_local, int to_local) const noexcept;
  std::int64_t ring_bytes() const noexcept { return ring_capacity(num_locals()); }

  std::uint64_t take_number() noexcept { return next_number_++; }
  std::uint64_t next_number() const noexcept { return next_number_; }
  /// Call it when this worker's descriptor of the operation taken last has its signature.
  void described() noexcept { num_described_ = next_number_; }
  std::uint64_t id() const noexcept override { return id_; }
  Standing standing(const Inquiry& inquiry) const override;
  std::string mismatch(const Inquiry& inquiry) const override;
  Mailbox& mailbox() noexcept { return *mailbox_; }

 private:
  static std::int64_t ring_capacity(int locals) noexcept;

  std::shared_ptr<World> world_;
  std::vector<int> members_;
  Segment control_;
  std::unique_ptr<Wire> wire_;
  int rank_ = 0;
  int my_local_ = 0;
  std::vector<int> node_of_;
  std::vector<std::vector<int>> nodes_;
  std::vector<std::vector<TreeNode>> covers_;
  std::uint64_t id_;
  std::uint64_t next_number_ = 0;
  std::uint64_t num_described_ = 0;
  std::unique_ptr<Mailbox> mailbox_;
};

}  // namespace dga
