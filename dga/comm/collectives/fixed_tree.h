// SPDX-License-Identifier: Apache-2.0
//
// The fixed tree: the order in which dga adds floating-point numbers of different workers.
//
// Node (level l, index k) of the tree over n workers covers those of the workers [k * 2^l,
// (k + 1) * 2^l) that are below n. Its value is the sum of its two children, left plus right. If
// the right child is empty, the node has the value of its left child. The tree depends on n alone,
// so the bits of a sum do not depend on the distribution of workers over machines. A machine sums
// the largest tree nodes whose workers are all its own (its *cover*) and sends these partial sums.
// The worker that combines the partial sums of all machines does the remaining additions of the
// same tree.

#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace dga {

/// A node of the fixed tree. It covers workers [first, first + size), with size <= 2^level.
struct TreeNode {
  int first = 0;
  int size = 0;
  int level = 0;

  friend bool operator==(const TreeNode&, const TreeNode&) = default;
};

/// The smallest set of tree nodes over `num_workers` workers that covers exactly the workers for
/// which `holds` returns true, in ascending order. An aligned block of 2^l workers is one node; any
/// contiguous block is at most 2 * log2(n) nodes.
std::vector<TreeNode> tree_cover(int num_workers, const std::function<bool(int)>& holds);

/// The leaves of the tree, one for each worker.
std::vector<TreeNode> tree_leaves(int num_workers);

/// Elements [first, first + count) of a buffer.
struct Slice {
  std::int64_t first = 0;
  std::int64_t count = 0;

  friend bool operator==(const Slice&, const Slice&) = default;
};

/// Slice `index` of `count` elements cut into `parts` consecutive slices. Every slice begins at a
/// multiple of `alignment` elements (or at `count`, if empty), and sizes differ by at most one
/// alignment unit.
Slice slice_of(std::int64_t count, int parts, int index, std::int64_t alignment = 1) noexcept;

}  // namespace dga
