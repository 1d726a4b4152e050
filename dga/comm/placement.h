// SPDX-License-Identifier: Apache-2.0
//
// Placement: which worker runs on which node.

#pragma once

#include <vector>

namespace dga {

/// `node_of[worker]` is the worker's node, numbered from 0. The workers of a node have consecutive
/// numbers.
struct Placement {
  std::vector<int> node_of;

  int num_workers() const noexcept { return static_cast<int>(node_of.size()); }
  int num_nodes() const noexcept;
  /// The workers of `node`, in ascending order.
  std::vector<int> workers_of(int node) const;
  /// All workers on one node.
  static Placement single_node(int num_workers);
};

}  // namespace dga
