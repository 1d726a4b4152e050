// SPDX-License-Identifier: Apache-2.0
//
// The slow reference of every reduction: the definition of the fixed tree, as a recursion over
// single numbers.

#pragma once

#include <functional>
#include <vector>

namespace dga::test {

/// The value of node (level, first) of the tree over `leaves`, by `combine(left, right)`.
template <typename T, typename Combine>
T reference_node(const std::vector<T>& leaves, std::size_t first, int level,
                 const Combine& combine) {
  if (level == 0) {
    return leaves[first];
  }
  const std::size_t middle = first + (std::size_t{1} << (level - 1));
  const T left = reference_node(leaves, first, level - 1, combine);
  if (middle >= leaves.size()) {
    return left;
  }
  return combine(left, reference_node(leaves, middle, level - 1, combine));
}

/// The value of the root of the tree over `leaves`, which must not be empty.
template <typename T, typename Combine>
T reference_tree(const std::vector<T>& leaves, const Combine& combine) {
  int level = 0;
  while ((std::size_t{1} << level) < leaves.size()) {
    ++level;
  }
  return reference_node(leaves, 0, level, combine);
}

}  // namespace dga::test
