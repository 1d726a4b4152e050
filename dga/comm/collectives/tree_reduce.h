// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of every reduction: combines the contributions of several workers along the fixed
// tree, in cache-sized pieces, with at most log2(n) + 1 partial results alive.

#pragma once

#include <cstdint>
#include <span>

#include "dga/base/dtype.h"
#include "dga/comm/collectives/fixed_tree.h"
#include "dga/comm/reduce_op.h"

namespace dga {

/// The type in which partial results of `type` are kept and sent: f32 for f16 and bf16, otherwise
/// `type` itself.
constexpr DType partial_type(DType type) noexcept {
  return type == DType::f16 || type == DType::bf16 ? DType::f32 : type;
}

/// One contribution: the elements of a single worker, or a partial result over several.
struct ReduceSource {
  TreeNode node;
  const void* data = nullptr;
  /// Multiplies the elements of a single worker before anything is added, rounded to the partial
  /// type; floating-point sums only. Partial results carry 1.
  double weight = 1;
  /// `data` is of partial_type(type), not of `type`.
  bool partial = false;
};

/// Combines `sources` (ascending, disjoint, all of them below one tree node) element by element and
/// writes the result to every one of `outs`. A destination may be the data of a source.
///
/// count: elements; type: of single workers' data; out_partial: write partial_type(type), else
/// type.
void tree_reduce(std::span<const ReduceSource> sources, std::span<void* const> outs,
                 std::int64_t count, DType type, ReduceOp op, bool out_partial);

}  // namespace dga
