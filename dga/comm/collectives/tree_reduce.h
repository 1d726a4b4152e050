// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of all reductions: combines the contributions of several workers along the fixed
// tree, in cache-sized pieces. At most log2(n) + 1 partial results exist at a time.

#pragma once

#include <cstdint>
#include <span>

#include "dga/base/dtype.h"
#include "dga/comm/collectives/fixed_tree.h"
#include "dga/comm/reduce_op.h"

namespace dga {

/// The type of partial results for elements of `type`, in memory and between nodes: f32 for f16 and
/// bf16, otherwise `type` itself.
constexpr DType partial_type(DType type) noexcept {
  return type == DType::f16 || type == DType::bf16 ? DType::f32 : type;
}

/// One contribution: the elements of a single worker, or a partial result of several workers.
struct ReduceSource {
  TreeNode node;
  const void* data = nullptr;
  /// Factor of a single worker's elements, applied in the partial type before they are combined.
  /// Must be 1 for partial results and for operations other than floating-point sums.
  double weight = 1;
  /// Whether `data` has elements of partial_type(type) instead of `type`.
  bool partial = false;
};

/// Combines `sources` element by element and writes the result to each of `outs`. The sources are
/// disjoint, in ascending order, and together cover one tree node. An output may be the data of a
/// source.
///
/// Each source and output has `count` elements. `type` is the type of single workers' data. The
/// elements of the outputs have the type partial_type(type) if `out_partial` is set, otherwise
/// `type`.
void tree_reduce(std::span<const ReduceSource> sources, std::span<void* const> outs,
                 std::int64_t count, DType type, ReduceOp op, bool out_partial);

}  // namespace dga
