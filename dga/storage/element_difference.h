// SPDX-License-Identifier: Apache-2.0
//
// ElementDifference: how the elements of two tensors of one type differ.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dga/base/dtype.h"

namespace dga {

struct ElementDifference {
  /// Elements with other bits. NaN equals a NaN of the same bits, and 0 differs from -0.
  std::int64_t count = 0;
  /// Those of them that are NaN in one tensor or in both.
  std::int64_t nan_count = 0;
  /// The largest absolute difference of the others; 0 if there are none.
  double largest = 0;

  bool operator==(const ElementDifference&) const = default;
};

/// Adds the elements of two blocks of `type`, which have equal sizes, to `sum`.
void add_difference(DType type, std::span<const std::byte> a, std::span<const std::byte> b,
                    ElementDifference& sum);

}  // namespace dga
