// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <c10/core/ScalarType.h>

#include <optional>

#include "dga/base/dtype.h"

namespace dga {

/// The dga type that corresponds to a torch type; none if there is no such type.
std::optional<DType> dtype_of(at::ScalarType type) noexcept;
at::ScalarType scalar_type_of(DType type) noexcept;

}  // namespace dga
