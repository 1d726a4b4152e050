// SPDX-License-Identifier: Apache-2.0
//
// The fixed tree: the one order in which dga adds floating-point numbers of different workers.
//
// Node (level l, index k) of the tree over n workers covers workers [k * 2^l, (k + 1) * 2^l) below
// n and is the sum of its two children, left plus right; where the right child would be empty the
// node is its left child. The tree depends on n alone, so the bits of a sum do not depend on which
// workers share a machine: a machine adds up the largest nodes that it holds whole (its *cover*)
// and sends those partial sums; whoever combines them meets the very same additions.

#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace dga {

/// A node of the fixed tree that covers workers [first, first + size), size <= 2^level.
struct TreeNode {
  int first = 0;
  int size = 0;
  int level = 0;

  friend bool operator==(const TreeNode&, const TreeNode&) = default;
};

/// The fewest tree nodes over `num_workers` workers that hold exactly the workers for which
/// `holds` answers true, by ascending first worker. A block of 2^l aligned workers is one node, any
/// contiguous block at most 2 * log2(n) nodes.
std::vector<TreeNode> tree_cover(int num_workers, const std::function<bool(int)>& holds);

/// The leaves of the tree: one node a worker.
std::vector<TreeNode> tree_leaves(int num_workers);

/// Elements [first, first + count) of something cut into parts.
struct Slice {
  std::int64_t first = 0;
  std::int64_t count = 0;

  friend bool operator==(const Slice&, const Slice&) = default;
};

/// Slice `index` of `count` elements cut into `parts`; every slice but the last non-empty one
/// starts and ends on a multiple of `alignment` elements, and sizes differ by at most one alignment
/// unit.
Slice slice_of(std::int64_t count, int parts, int index, std::int64_t alignment = 1) noexcept;

}  // namespace dga
