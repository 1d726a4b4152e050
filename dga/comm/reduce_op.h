// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <string_view>

namespace dga {

/// How a reduction combines the elements of all ranks at one index. min and max return NaN if any
/// element is NaN. Integer sums and products wrap around. Of bools, sum and max are "any", product
/// and min are "all". `mean` is the sum of the elements, each multiplied by 1 / the number of
/// ranks; only of floating-point elements.
enum class ReduceOp : std::uint8_t { sum, min, max, product, mean };

constexpr std::string_view name_of(ReduceOp op) noexcept {
  switch (op) {
    case ReduceOp::min:
      return "min";
    case ReduceOp::max:
      return "max";
    case ReduceOp::product:
      return "product";
    case ReduceOp::mean:
      return "mean";
    case ReduceOp::sum:
      break;
  }
  return "sum";
}

}  // namespace dga
