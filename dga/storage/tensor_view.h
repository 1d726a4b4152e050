// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dga/base/dtype.h"

namespace dga {

/// A named tensor that lies somewhere, dense and row-major; owns nothing but its description.
struct TensorView {
  std::string name = {};
  DType type = DType::f32;
  std::vector<std::int64_t> shape = {};  // empty: one element without dimensions
  const void* data = nullptr;

  std::int64_t elements() const noexcept;
  std::int64_t bytes() const noexcept { return elements() * size_of(type); }
};

}  // namespace dga
