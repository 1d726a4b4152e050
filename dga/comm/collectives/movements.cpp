// SPDX-License-Identifier: Apache-2.0
//
// The collectives that move bytes without changing them.

#include <algorithm>
#include <vector>

#include "dga/base/error.h"
#include "dga/comm/collectives/collective.h"
#include "dga/comm/collectives/collectives.h"

namespace dga {
namespace {
using ReadGuard = World::ReadGuard;
}  // namespace

Steps barrier(Collective& c) {
  Group& group = c.group();
  c.arrive();
  co_await c.arrivals();
  c.check_signatures();
  if (group.num_nodes() > 1) {
    c.meet();
    co_await c.wire();
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
  c.meet();
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

Steps all_gather(Collective& c) {
  Group& group = c.group();
  const auto& counts = c.args().counts;
  const auto offsets = offsets_of(counts);
  const std::int64_t size = size_of(c.args().out.type);
  const auto bytes = [&](int rank) { return counts[static_cast<std::size_t>(rank)] * size; };
  const auto relayed = group.relayed_ranks();

  c.publish(c.args().in.data, c.args().in.bytes());
  std::byte* buffer = nullptr;  // the contributions of the relayed ranks, in ascending order
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
  c.meet();
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
  c.meet();
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

  // The send counts lie in the relay region: neighbours need them to find their part.
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
      c.check_part(rank, theirs[me]);
      copy_bytes(out + receive_at[r] * size, c.in_of(local) + offsets_of(theirs)[me] * size,
                 receive_counts[r] * size);
    }
  }
  co_await c.wire();
  c.finish();
  co_await c.finished();
}

Steps share(Collective& c) {
  Group& group = c.group();
  const auto& counts = c.args().counts;
  const auto offsets = offsets_of(counts);
  auto* data = static_cast<std::byte*>(c.args().out.data);
  const std::int64_t size = size_of(c.args().out.type);
  c.arrive();
  if (group.num_nodes() > 1) {
    const auto me = static_cast<std::size_t>(group.rank());
    if (has_empty(counts)) {
      c.meet();
    }
    for (int node = 0; node < group.num_nodes() && counts[me] > 0; ++node) {
      if (node != group.my_node()) {
        c.send(group.relay_on(node, group.rank()), data + offsets[me] * size, counts[me] * size);
      }
    }
    for (const int rank : group.relayed_ranks()) {
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

Steps exchange(Collective& c) {
  Group& group = c.group();
  const std::int64_t each = c.args().in.bytes();
  c.publish(c.args().in.data, each);
  c.arrive();
  co_await c.arrivals();
  c.check_signatures();
  c.meet();
  co_await c.wire();
  {
    const ReadGuard reading(group.world());
    for (int local = 0; local < group.num_locals(); ++local) {
      copy_bytes(static_cast<std::byte*>(c.args().out.data) + local * each, c.in_of(local), each);
    }
  }
  c.finish();
  // All workers leave together, so that the first one may then release what the others attached to.
  co_await c.finished();
}

}  // namespace dga
