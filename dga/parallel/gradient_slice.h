// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

namespace dga {

/// A part of the reduced gradient of a parameter: the part that one worker owns.
struct GradientSlice {
  std::string_view name;   ///< of the parameter
  std::int64_t first = 0;  ///< the parameter's element that `values` begins with
  /// 1-D, a view: changes to it are changes to the gradient. Of a parameter that a whole-matrix
  /// optimiser updates: the whole gradient, in the parameter's shape.
  at::Tensor values;
};

}  // namespace dga
