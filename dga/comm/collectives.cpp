// SPDX-License-Identifier: Apache-2.0
//
// Every collective has the same shape. Each worker publishes where its contribution lies and
// arrives; once all workers of the node have arrived, each reads what it needs straight from its
// neighbours, and says when it has finished reading. What crosses nodes is shared out evenly: the
// worker that handles rank r on a node, its *relay* for r, is number r modulo the workers there.

#include "dga/comm/collectives.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "dga/base/error.h"
#include "dga/comm/collective.h"
#include "dga/comm/tree_reduce.h"

namespace dga {
namespace {

using ReadGuard = World::ReadGuard;

void copy_bytes(void* to, const void* from, std::int64_t bytes) {
  if (bytes > 0 && to != from) {
    std::memcpy(to, from, static_cast<std::size_t>(bytes));
  }
}

/// Where each rank's elements start, from how many each has.
std::vector<std::int64_t> offsets_of(const std::vector<std::int64_t>& counts) {
  std::vector<std::int64_t> offsets(counts.size() + 1, 0);
  std::partial_sum(counts.begin(), counts.end(), offsets.begin() + 1);
  return offsets;
}

/// Elements of a slice start on cache lines, so that two workers never write the same one.
std::int64_t line_elements(DType type) noexcept {
  return 64 / size_of(type);
}

/// The contributions of this node's workers to elements [first, first + n), as leaves of the tree.
std::vector<ReduceSource> local_leaves(Collective& c, std::int64_t first, DType type) {
  const Group& group = c.group();
  std::vector<ReduceSource> leaves;
  leaves.reserve(static_cast<std::size_t>(group.num_locals()) + 8);
  for (int local = 0; local < group.num_locals(); ++local) {
    const int rank = group.locals()[static_cast<std::size_t>(local)];
    leaves.push_back({.node = {rank, 1, 0},
                      .data = c.in_of(local) + first * size_of(type),
                      .weight = c.weight_of(local)});
  }
  return leaves;
}

/// The partial results that cross nodes for one slice of a reduction.
///
/// `slice` is wanted by rank `owner`. On every other node the owner's relay adds up the tree nodes
/// that its node holds whole and sends them; the owner combines them with its own neighbours'.
struct PartialExchange {
  Collective& c;
  DType type;
  ReduceOp op;

  std::int64_t partial_bytes(std::int64_t n) const noexcept {
    return n * size_of(partial_type(type));
  }

  void send_partials(Slice slice, int owner) {
    Group& group = c.group();
    const auto& cover = group.cover_of(group.my_node());
    const std::int64_t each = partial_bytes(slice.count);
    const auto total = each * static_cast<std::int64_t>(cover.size());
    std::byte* buffer = c.scratch(total);
    const auto leaves = local_leaves(c, slice.first, type);
    void* out = buffer;
    for (const TreeNode& node : cover) {
      std::vector<ReduceSource> below;
      std::copy_if(leaves.begin(), leaves.end(), std::back_inserter(below), [&](const auto& leaf) {
        return leaf.node.first >= node.first && leaf.node.first < node.first + node.size;
      });
      tree_reduce(below, std::span<void* const>(&out, 1), slice.count, type, op, true);
      out = static_cast<std::byte*>(out) + each;
    }
    c.send(owner, buffer, total);
  }

  /// Starts receiving the partial results of all other nodes for a slice that this rank owns.
  std::vector<ReduceSource> receive_partials(Slice slice) {
    Group& group = c.group();
    std::vector<ReduceSource> sources;
    const std::int64_t each = partial_bytes(slice.count);
    for (int node = 0; node < group.num_nodes(); ++node) {
      if (node == group.my_node()) {
        continue;
      }
      const auto& cover = group.cover_of(node);
      const auto total = each * static_cast<std::int64_t>(cover.size());
      std::byte* buffer = c.scratch(total);
      c.receive(group.relay_on(node, group.rank()), buffer, total);
      for (const TreeNode& part : cover) {
        sources.push_back({.node = part, .data = buffer, .partial = true});
        buffer += each;
      }
    }
    return sources;
  }

  /// All contributions to a slice that this rank owns, in tree order.
  std::vector<ReduceSource> with_locals(std::vector<ReduceSource> partials, Slice slice) {
    auto sources = local_leaves(c, slice.first, type);
    sources.insert(sources.end(), partials.begin(), partials.end());
    std::sort(sources.begin(), sources.end(),
              [](const auto& a, const auto& b) { return a.node.first < b.node.first; });
    return sources;
  }

  /// Ranks of other nodes for which this worker is the relay.
  std::vector<int> relayed_ranks() const {
    const Group& group = c.group();
    std::vector<int> ranks;
    for (int rank = 0; rank < group.size(); ++rank) {
      if (group.node_of(rank) != group.my_node() &&
          group.relay_on(group.my_node(), rank) == group.rank()) {
        ranks.push_back(rank);
      }
    }
    return ranks;
  }
};

Steps barrier(Collective& c) {
  Group& group = c.group();
  c.arrive();
  co_await c.arrivals();
  c.check_signatures();
  if (group.num_nodes() > 1) {
    if (group.my_local() == 0) {
      for (int node = 0; node < group.num_nodes(); ++node) {
        if (node != group.my_node()) {
          c.send(group.on_node(node).front(), nullptr, 0);
          c.receive(group.on_node(node).front(), nullptr, 0);
        }
      }
      co_await c.wire();
    }
    c.relay_filled();
    co_await c.relays();
  }
  c.finish();
}

Steps broadcast(Collective& c) {
  Group& group = c.group();
  const BufferView& buffer = c.args().out;
  const int root = c.args().root;
  const int root_node = group.node_of(root);
  const bool at_root = group.my_node() == root_node;
  const int source = at_root ? root : group.relay_on(group.my_node(), root);
  const bool is_source = group.rank() == source;
  std::byte* received = nullptr;
  if (at_root && is_source) {
    c.publish(buffer.data, buffer.bytes());
  } else if (!at_root && is_source) {
    received = c.relay_buffer(buffer.bytes());
  }
  c.arrive();
  co_await c.arrivals();
  c.check_signatures();
  if (is_source && at_root) {
    for (int node = 0; node < group.num_nodes(); ++node) {
      if (node != root_node) {
        c.send(group.relay_on(node, root), buffer.data, buffer.bytes());
      }
    }
  } else if (is_source) {
    c.receive(root, received, buffer.bytes());
  }
  co_await c.wire();
  if (!at_root) {
    c.relay_filled();
    co_await c.relays();
  }
  if (!is_source || !at_root) {
    const ReadGuard reading(group.world());
    const auto& locals = group.locals();
    const auto at = std::find(locals.begin(), locals.end(), source) - locals.begin();
    const int local = static_cast<int>(at);
    copy_bytes(buffer.data, at_root ? c.in_of(local) : c.relay_of(local), buffer.bytes());
  }
  c.finish();
  if (!c.all_inline()) {
    co_await c.finished();
  }
}

/// All ranks' contributions to [first, first + n) lie on this node and are small: everybody adds
/// them up for himself, which costs one arrival instead of two.
Steps all_reduce_small(Collective& c) {
  Group& group = c.group();
  const BufferView& buffer = c.args().out;
  c.publish(buffer.data, buffer.bytes());
  c.arrive();
  co_await c.arrivals();
  c.check_signatures();
  {
    const ReadGuard reading(group.world());
    void* out = buffer.data;
    tree_reduce(local_leaves(c, 0, buffer.type), std::span<void* const>(&out, 1), buffer.count,
                buffer.type, c.args().op, false);
  }
  c.finish();
}

Steps all_reduce_sliced(Collective& c) {
  Group& group = c.group();
  const BufferView& buffer = c.args().out;
  const DType type = buffer.type;
  PartialExchange exchange{c, type, c.args().op};
  const auto slice = [&](int rank) {
    return slice_of(buffer.count, group.size(), rank, line_elements(type));
  };
  const Slice mine = slice(group.rank());
  const auto relayed = exchange.relayed_ranks();

  std::byte* shared = c.expose(buffer.data, buffer.bytes());
  c.arrive();
  co_await c.arrivals();
  c.check_signatures();

  std::vector<ReduceSource> partials;
  {
    const ReadGuard reading(group.world());
    for (const int owner : relayed) {
      if (slice(owner).count > 0) {
        exchange.send_partials(slice(owner), owner);
      }
    }
  }
  if (mine.count > 0) {
    partials = exchange.receive_partials(mine);
  }
  co_await c.wire();

  // Nobody but the owner touches its slice in any neighbour's buffer: reading, then writing it
  // needs no further agreement.
  std::vector<void*> outs;
  {
    const ReadGuard reading(group.world());
    for (int local = 0; local < group.num_locals(); ++local) {
      outs.push_back(c.exposed_of(local) + mine.first * size_of(type));
    }
    tree_reduce(exchange.with_locals(std::move(partials), mine), outs, mine.count, type,
                c.args().op, false);
  }

  if (group.num_nodes() > 1) {
    const std::int64_t size = size_of(type);
    for (int node = 0; node < group.num_nodes() && mine.count > 0; ++node) {
      if (node != group.my_node()) {
        c.send(group.relay_on(node, group.rank()), shared + mine.first * size, mine.count * size);
      }
    }
    for (const int owner : relayed) {
      if (slice(owner).count > 0) {
        c.receive(owner, shared + slice(owner).first * size, slice(owner).count * size);
      }
    }
    co_await c.wire();
    const ReadGuard reading(group.world());
    for (const int owner : relayed) {
      for (int local = 0; local < group.num_locals(); ++local) {
        copy_bytes(c.exposed_of(local) + slice(owner).first * size,
                   shared + slice(owner).first * size, slice(owner).count * size);
      }
    }
  }
  c.finish();
  co_await c.finished();
  c.take_back();
}

Steps reduce(Collective& c) {
  Group& group = c.group();
  const ConstBufferView& in = c.args().in;
  const DType type = in.type;
  const int root_node = group.node_of(c.args().root);
  const bool at_root = group.my_node() == root_node;
  const auto& owners = group.on_node(root_node);
  const auto slice = [&](std::size_t owner) {
    return slice_of(in.count, static_cast<int>(owners.size()), static_cast<int>(owner),
                    line_elements(type));
  };
  PartialExchange exchange{c, type, c.args().op};

  c.publish(in.data, in.bytes());
  std::byte* total = nullptr;  // the root's neighbours write their slices here
  if (group.rank() == c.args().root) {
    total = c.relay_buffer(in.bytes());
  }
  c.arrive();
  co_await c.arrivals();
  c.check_signatures();

  std::vector<ReduceSource> partials;
  Slice mine;
  if (at_root) {
    mine = slice(static_cast<std::size_t>(group.my_local()));
    if (mine.count > 0) {
      partials = exchange.receive_partials(mine);
    }
  } else {
    const ReadGuard reading(group.world());
    for (std::size_t owner = 0; owner < owners.size(); ++owner) {
      if (group.relay_on(group.my_node(), owners[owner]) == group.rank() &&
          slice(owner).count > 0) {
        exchange.send_partials(slice(owner), owners[owner]);
      }
    }
  }
  co_await c.wire();
  if (at_root) {
    {
      const ReadGuard reading(group.world());
      const auto root_local = std::find(owners.begin(), owners.end(), c.args().root);
      void* out =
          const_cast<std::byte*>(c.relay_of(static_cast<int>(root_local - owners.begin()))) +
          mine.first * size_of(type);
      tree_reduce(exchange.with_locals(std::move(partials), mine), std::span<void* const>(&out, 1),
                  mine.count, type, c.args().op, false);
    }
    c.relay_filled();
    co_await c.relays();
    if (total != nullptr) {
      copy_bytes(c.args().out.data, total, in.bytes());
    }
  }
  c.finish();
  if (!c.all_inline()) {
    co_await c.finished();
  }
}

Steps reduce_scatter(Collective& c) {
  Group& group = c.group();
  const ConstBufferView& in = c.args().in;
  const auto offsets = offsets_of(c.args().counts);
  const auto slice = [&](int rank) {
    const auto r = static_cast<std::size_t>(rank);
    return Slice{offsets[r], c.args().counts[r]};
  };
  const Slice mine = slice(group.rank());
  PartialExchange exchange{c, in.type, c.args().op};

  c.publish(in.data, in.bytes());
  c.arrive();
  co_await c.arrivals();
  c.check_signatures();

  std::vector<ReduceSource> partials;
  if (group.num_nodes() > 1) {
    const ReadGuard reading(group.world());
    for (const int owner : exchange.relayed_ranks()) {
      if (slice(owner).count > 0) {
        exchange.send_partials(slice(owner), owner);
      }
    }
    if (mine.count > 0) {
      partials = exchange.receive_partials(mine);
    }
  }
  co_await c.wire();
  {
    const ReadGuard reading(group.world());
    void* out = c.args().out.data;
    tree_reduce(exchange.with_locals(std::move(partials), mine), std::span<void* const>(&out, 1),
                mine.count, in.type, c.args().op, false);
  }
  c.finish();
  if (!c.all_inline()) {
    co_await c.finished();
  }
}

Steps all_gather(Collective& c) {
  Group& group = c.group();
  const auto& counts = c.args().counts;
  const auto offsets = offsets_of(counts);
  const std::int64_t size = size_of(c.args().out.type);
  const auto bytes = [&](int rank) { return counts[static_cast<std::size_t>(rank)] * size; };
  const auto relayed = PartialExchange{c, c.args().out.type, ReduceOp::sum}.relayed_ranks();

  c.publish(c.args().in.data, c.args().in.bytes());
  std::byte* buffer = nullptr;  // what other nodes' ranks contribute, ascending
  if (!relayed.empty()) {
    std::int64_t total = 0;
    for (const int rank : relayed) {
      total += bytes(rank);
    }
    buffer = c.relay_buffer(total);
  }
  c.arrive();
  co_await c.arrivals();
  c.check_signatures();

  if (group.num_nodes() > 1) {
    for (int node = 0; node < group.num_nodes(); ++node) {
      if (node != group.my_node()) {
        c.send(group.relay_on(node, group.rank()), c.args().in.data, c.args().in.bytes());
      }
    }
    for (const int rank : relayed) {
      c.receive(rank, buffer, bytes(rank));
      buffer += bytes(rank);
    }
    co_await c.wire();
    c.relay_filled();
    co_await c.relays();
  }
  {
    const ReadGuard reading(group.world());
    auto* out = static_cast<std::byte*>(c.args().out.data);
    std::vector<std::int64_t> relay_at(static_cast<std::size_t>(group.num_locals()), 0);
    for (int rank = 0; rank < group.size(); ++rank) {
      const auto& locals = group.locals();
      const bool here = group.node_of(rank) == group.my_node();
      const int holder = here ? rank : group.relay_on(group.my_node(), rank);
      const auto local = std::find(locals.begin(), locals.end(), holder) - locals.begin();
      const std::byte* from = nullptr;
      if (here) {
        from = c.in_of(static_cast<int>(local));
      } else {
        auto& at = relay_at[static_cast<std::size_t>(local)];
        from = c.relay_of(static_cast<int>(local)) + at;
        at += bytes(rank);
      }
      copy_bytes(out + offsets[static_cast<std::size_t>(rank)] * size, from, bytes(rank));
    }
  }
  c.finish();
  if (!c.all_inline()) {
    co_await c.finished();
  }
}

Steps gather(Collective& c) {
  Group& group = c.group();
  const int root = c.args().root;
  const auto& counts = c.args().counts;
  const auto offsets = offsets_of(counts);
  const std::int64_t size = size_of(c.args().in.type);
  c.publish(c.args().in.data, c.args().in.bytes());
  c.arrive();
  co_await c.arrivals();
  c.check_signatures();
  auto* out = static_cast<std::byte*>(c.args().out.data);
  if (group.rank() == root) {
    for (int rank = 0; rank < group.size(); ++rank) {
      if (group.node_of(rank) != group.my_node()) {
        const auto r = static_cast<std::size_t>(rank);
        c.receive(rank, out + offsets[r] * size, counts[r] * size);
      }
    }
    const ReadGuard reading(group.world());
    for (int local = 0; local < group.num_locals(); ++local) {
      const auto r = static_cast<std::size_t>(group.locals()[static_cast<std::size_t>(local)]);
      copy_bytes(out + offsets[r] * size, c.in_of(local), counts[r] * size);
    }
  } else if (group.node_of(root) != group.my_node()) {
    c.send(root, c.args().in.data, c.args().in.bytes());
  }
  co_await c.wire();
  c.finish();
  if (!c.all_inline()) {
    co_await c.finished();
  }
}

Steps scatter(Collective& c) {
  Group& group = c.group();
  const int root = c.args().root;
  const auto& counts = c.args().counts;
  const auto offsets = offsets_of(counts);
  const BufferView& out = c.args().out;
  const std::int64_t size = size_of(out.type);
  const auto* in = static_cast<const std::byte*>(c.args().in.data);
  if (group.rank() == root) {
    c.publish(in, offsets.back() * size);
  }
  c.arrive();
  co_await c.arrivals();
  c.check_signatures();
  if (group.rank() == root) {
    for (int rank = 0; rank < group.size(); ++rank) {
      if (group.node_of(rank) != group.my_node()) {
        const auto r = static_cast<std::size_t>(rank);
        c.send(rank, in + offsets[r] * size, counts[r] * size);
      }
    }
  }
  if (group.node_of(root) != group.my_node()) {
    c.receive(root, out.data, out.bytes());
  } else {
    const ReadGuard reading(group.world());
    const auto& locals = group.locals();
    const auto at = std::find(locals.begin(), locals.end(), root) - locals.begin();
    copy_bytes(
        out.data,
        c.in_of(static_cast<int>(at)) + offsets[static_cast<std::size_t>(group.rank())] * size,
        out.bytes());
  }
  co_await c.wire();
  c.finish();
  if (!c.all_inline()) {
    co_await c.finished();
  }
}

Steps all_to_all(Collective& c) {
  Group& group = c.group();
  const auto& send_counts = c.args().counts;
  const auto& receive_counts = c.args().receive_counts;
  const auto send_at = offsets_of(send_counts);
  const auto receive_at = offsets_of(receive_counts);
  const std::int64_t size = size_of(c.args().in.type);
  const auto* in = static_cast<const std::byte*>(c.args().in.data);
  auto* out = static_cast<std::byte*>(c.args().out.data);
  const auto n = static_cast<std::int64_t>(send_counts.size());

  // Neighbours must know where their part starts: the send counts lie in the relay region.
  c.publish(in, c.args().in.bytes());
  copy_bytes(c.relay_buffer(n * 8), send_counts.data(), n * 8);
  c.arrive();
  co_await c.arrivals();
  c.check_signatures();
  for (int rank = 0; rank < group.size(); ++rank) {
    const auto r = static_cast<std::size_t>(rank);
    if (group.node_of(rank) != group.my_node()) {
      c.send(rank, in + send_at[r] * size, send_counts[r] * size);
      c.receive(rank, out + receive_at[r] * size, receive_counts[r] * size);
    }
  }
  {
    const ReadGuard reading(group.world());
    for (int local = 0; local < group.num_locals(); ++local) {
      const int rank = group.locals()[static_cast<std::size_t>(local)];
      const auto r = static_cast<std::size_t>(rank);
      std::vector<std::int64_t> theirs(send_counts.size());
      copy_bytes(theirs.data(), c.relay_of(local), n * 8);
      const auto me = static_cast<std::size_t>(group.rank());
      if (theirs[me] != receive_counts[r]) {
        throw Error(str("[comm] all_to_all: expected ", receive_counts[r], " elements from worker ",
                        group.world_rank(rank), " on worker ", group.world().rank(), ", found ",
                        theirs[me], ". Agree on the counts first."));
      }
      copy_bytes(out + receive_at[r] * size, c.in_of(local) + offsets_of(theirs)[me] * size,
                 receive_counts[r] * size);
    }
  }
  co_await c.wire();
  c.finish();
  co_await c.finished();
}

/// Slice r of a buffer that each node holds once was written by rank r; afterwards every node holds
/// all slices.
Steps share(Collective& c) {
  Group& group = c.group();
  const auto& counts = c.args().counts;
  const auto offsets = offsets_of(counts);
  auto* data = static_cast<std::byte*>(c.args().out.data);
  const std::int64_t size = size_of(c.args().out.type);
  c.arrive();
  if (group.num_nodes() > 1) {
    const auto me = static_cast<std::size_t>(group.rank());
    for (int node = 0; node < group.num_nodes() && counts[me] > 0; ++node) {
      if (node != group.my_node()) {
        c.send(group.relay_on(node, group.rank()), data + offsets[me] * size, counts[me] * size);
      }
    }
    for (const int rank : PartialExchange{c, DType::u8, ReduceOp::sum}.relayed_ranks()) {
      const auto r = static_cast<std::size_t>(rank);
      if (counts[r] > 0) {
        c.receive(rank, data + offsets[r] * size, counts[r] * size);
      }
    }
    co_await c.wire();
  }
  c.relay_filled();
  co_await c.arrivals();
  c.check_signatures();
  co_await c.relays();
  c.finish();
}

/// Inside a node only: everybody reads everybody's few bytes. The set-up of groups and buffers.
Steps exchange(Collective& c) {
  Group& group = c.group();
  const std::int64_t each = c.args().in.bytes();
  c.publish(c.args().in.data, each);
  c.arrive();
  co_await c.arrivals();
  c.check_signatures();
  {
    const ReadGuard reading(group.world());
    for (int local = 0; local < group.num_locals(); ++local) {
      copy_bytes(static_cast<std::byte*>(c.args().out.data) + local * each, c.in_of(local), each);
    }
  }
  c.finish();
  // Left together, so that the leader may give up what the others attached to meanwhile.
  co_await c.finished();
}

}  // namespace

Steps steps_of(Collective& c) {
  switch (c.args().kind) {
    case CollectiveKind::barrier:
      return barrier(c);
    case CollectiveKind::broadcast:
      return broadcast(c);
    case CollectiveKind::reduce:
      return reduce(c);
    case CollectiveKind::all_reduce:
      return c.group().num_nodes() == 1 && c.args().out.bytes() <= Group::kInlineBytes
                 ? all_reduce_small(c)
                 : all_reduce_sliced(c);
    case CollectiveKind::reduce_scatter:
      return reduce_scatter(c);
    case CollectiveKind::all_gather:
      return all_gather(c);
    case CollectiveKind::gather:
      return gather(c);
    case CollectiveKind::scatter:
      return scatter(c);
    case CollectiveKind::all_to_all:
      return all_to_all(c);
    case CollectiveKind::share:
      return share(c);
    case CollectiveKind::exchange:
      return exchange(c);
  }
  throw Error("[comm] unknown collective");
}

}  // namespace dga
