// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/collectives/fixed_tree.h"

#include <algorithm>

namespace dga {
namespace {

// Appends the cover of tree node (level, first). Returns true, and appends nothing, if all workers
// of the node are held: the caller then adds either this node or an ancestor.
bool cover_below(int num_workers, int first, int level, const std::function<bool(int)>& holds,
                 std::vector<TreeNode>& cover) {
  if (level == 0) {
    return holds(first);
  }
  const int middle = first + (1 << (level - 1));
  if (middle >= num_workers) {
    return cover_below(num_workers, first, level - 1, holds, cover);
  }
  const auto size_below = [&](int start) {
    return std::min(1 << (level - 1), num_workers - start);
  };
  const bool left = cover_below(num_workers, first, level - 1, holds, cover);
  if (!left) {
    if (cover_below(num_workers, middle, level - 1, holds, cover)) {
      cover.push_back({middle, size_below(middle), level - 1});
    }
    return false;
  }
  // The left child is held as a whole. It must come before the nodes that the right child appends.
  const auto at = static_cast<std::ptrdiff_t>(cover.size());
  if (cover_below(num_workers, middle, level - 1, holds, cover)) {
    return true;
  }
  cover.insert(cover.begin() + at, {first, size_below(first), level - 1});
  return false;
}

}  // namespace

std::vector<TreeNode> tree_cover(int num_workers, const std::function<bool(int)>& holds) {
  std::vector<TreeNode> cover;
  if (num_workers < 1) {
    return cover;
  }
  int level = 0;
  while ((1 << level) < num_workers) {
    ++level;
  }
  if (cover_below(num_workers, 0, level, holds, cover)) {
    cover.push_back({0, num_workers, level});
  }
  return cover;
}

std::vector<TreeNode> tree_leaves(int num_workers) {
  std::vector<TreeNode> leaves;
  leaves.reserve(static_cast<std::size_t>(num_workers));
  for (int worker = 0; worker < num_workers; ++worker) {
    leaves.push_back({worker, 1, 0});
  }
  return leaves;
}

Slice slice_of(std::int64_t count, int parts, int index, std::int64_t alignment) noexcept {
  const std::int64_t units = (count + alignment - 1) / alignment;
  const std::int64_t short_units = units / parts;
  const std::int64_t longer = units % parts;
  const std::int64_t start = index * short_units + std::min<std::int64_t>(index, longer);
  const std::int64_t size = short_units + (index < longer ? 1 : 0);
  const std::int64_t first = std::min(start * alignment, count);
  return {first, std::min((start + size) * alignment, count) - first};
}

}  // namespace dga
