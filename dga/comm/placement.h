// SPDX-License-Identifier: Apache-2.0
//
// Placement: the node on which each worker runs.

#pragma once

#include <vector>

namespace dga {

/// `node_of[worker]` is the number of the worker's node, counted from 0. The workers of a node have
/// consecutive numbers, except in a group from Communicator::split with keys that mix the nodes.
struct Placement {
  std::vector<int> node_of;

  int num_workers() const noexcept { return static_cast<int>(node_of.size()); }
  int num_nodes() const noexcept;
  /// The workers of `node`, in ascending order.
  std::vector<int> workers_of(int node) const;
  /// The placement of `num_workers` workers on one node.
  static Placement single_node(int num_workers);
};

}  // namespace dga
