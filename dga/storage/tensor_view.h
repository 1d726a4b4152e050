// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dga/base/dtype.h"

namespace dga {

/// The name, type, shape and address of a dense, row-major tensor. Does not own the elements.
struct TensorView {
  std::string name = {};
  DType type = DType::f32;
  std::vector<std::int64_t> shape = {};  // empty: a scalar
  const void* data = nullptr;

  std::int64_t elements() const noexcept;
  std::int64_t bytes() const noexcept { return elements() * size_of(type); }
};

}  // namespace dga
