// SPDX-License-Identifier: Apache-2.0
//
// The collectives that combine elements. All follow the fixed tree: each machine reduces the tree
// nodes of its cover, and each slice of the result has an owner that combines the partial results.

#include <algorithm>
#include <iterator>
#include <span>
#include <vector>

#include "dga/comm/collectives/collective.h"
#include "dga/comm/collectives/collectives.h"
#include "dga/comm/collectives/tree_reduce.h"

namespace dga {
namespace {

using ReadGuard = World::ReadGuard;

/// Number of elements in a cache line. Slices are aligned to it relative to the buffer, so that two
/// workers do not write the same line of an aligned buffer.
std::int64_t line_elements(DType type) noexcept {
  return 64 / size_of(type);
}

/// The tree nodes for which `node` sends partial results.
std::vector<TreeNode> cover_of(Collective& c, int node) {
  const Group& group = c.group();
  const auto& blocks = c.args().blocks;
  if (!blocks) {
    return group.cover_of(node);
  }
  return tree_cover(blocks->workers(),
                    [&](int worker) { return group.node_of(blocks->carrier_of(worker)) == node; });
}

/// The partial sums of this node's ranks from element `first` on.
std::vector<ReduceSource> local_partials(Collective& c, std::int64_t first, DType type) {
  const Group& group = c.group();
  const std::int64_t size = size_of(partial_type(type));
  const std::int64_t count = offsets_of(c.args().counts).back();
  std::vector<ReduceSource> sources;
  for (int local = 0; local < group.num_locals(); ++local) {
    const std::byte* data = c.in_of(local) + first * size;
    const int rank = group.locals()[static_cast<std::size_t>(local)];
    for (const TreeNode& node : c.args().blocks->cover_of(rank)) {
      sources.push_back({.node = node, .data = data, .partial = true});
      data += count * size;
    }
  }
  return sources;
}

/// The contributions of this node's workers from element `first` on, as leaves of the tree.
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

std::vector<ReduceSource> local_sources(Collective& c, std::int64_t first, DType type) {
  return c.args().blocks ? local_partials(c, first, type) : local_leaves(c, first, type);
}

/// Exchanges the partial results for one slice of a reduction between nodes.
///
/// Rank `owner` needs the result of `slice`. On every other node the owner's relay reduces the tree
/// nodes of its node's cover and sends them. The owner combines them with the contributions of its
/// own node.
struct PartialExchange {
  Collective& c;
  DType type;
  ReduceOp op;

  std::int64_t partial_bytes(std::int64_t n) const noexcept {
    return n * size_of(partial_type(type));
  }

  void send_partials(Slice slice, int owner) {
    Group& group = c.group();
    const auto cover = cover_of(c, group.my_node());
    const std::int64_t each = partial_bytes(slice.count);
    const auto total = each * static_cast<std::int64_t>(cover.size());
    std::byte* buffer = c.scratch(total);
    const auto locals = local_sources(c, slice.first, type);
    void* out = buffer;
    for (const TreeNode& node : cover) {
      std::vector<ReduceSource> below;
      std::copy_if(locals.begin(), locals.end(), std::back_inserter(below), [&](const auto& local) {
        return local.node.first >= node.first && local.node.first < node.first + node.size;
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
      const auto cover = cover_of(c, node);
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

  /// All contributions to a slice that this rank owns, in the order of the tree.
  std::vector<ReduceSource> with_locals(std::vector<ReduceSource> partials, Slice slice) {
    auto sources = local_sources(c, slice.first, type);
    sources.insert(sources.end(), partials.begin(), partials.end());
    std::sort(sources.begin(), sources.end(),
              [](const auto& a, const auto& b) { return a.node.first < b.node.first; });
    return sources;
  }
};

/// For small buffers on one node: each rank reduces all contributions itself, which takes one phase
/// instead of two.
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
  const auto relayed = group.relayed_ranks();

  std::byte* shared = c.expose(buffer.data, buffer.bytes());
  c.arrive();
  co_await c.arrivals();
  c.check_signatures();

  if (buffer.count == 0) {
    c.meet();
  }
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

  // Only the owner accesses its slice in its neighbours' buffers, so it may read and then write the
  // slice without another phase.
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

}  // namespace

Steps all_reduce(Collective& c) {
  // For larger buffers n reductions of the whole buffer cost more than a second phase. A phase is
  // cheaper, and the limit lower, if each worker has a core of its own.
  const bool spins = c.group().world().patience() == Patience::spin;
  const std::int64_t small_bytes = spins ? 512 : 1024;
  const bool small = c.group().num_nodes() == 1 && c.args().out.bytes() <= small_bytes;
  return small ? all_reduce_small(c) : all_reduce_sliced(c);
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
  std::byte* total = nullptr;  // the workers of the root's node write their slices here
  if (group.rank() == c.args().root) {
    total = c.relay_buffer(in.bytes());
  }
  c.arrive();
  co_await c.arrivals();
  c.check_signatures();
  c.meet();

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
  const DType type = c.args().out.type;
  const auto offsets = offsets_of(c.args().counts);
  const auto slice = [&](int rank) {
    const auto r = static_cast<std::size_t>(rank);
    return Slice{offsets[r], c.args().counts[r]};
  };
  const Slice mine = slice(group.rank());
  PartialExchange exchange{c, type, c.args().op};

  c.publish(in.data, in.bytes());
  c.arrive();
  co_await c.arrivals();
  c.check_signatures();

  if (has_empty(c.args().counts)) {
    c.meet();
  }
  std::vector<ReduceSource> partials;
  if (group.num_nodes() > 1) {
    const ReadGuard reading(group.world());
    for (const int owner : group.relayed_ranks()) {
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
                mine.count, type, c.args().op, false);
  }
  c.finish();
  if (!c.all_inline()) {
    co_await c.finished();
  }
}

}  // namespace dga
