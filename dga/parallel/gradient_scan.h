// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>

#include "dga/base/dtype.h"

namespace dga {

// These functions take gradients in f32, f64, f16 or bf16.

/// The number of the first element that is infinite or NaN, or -1. One pass over the bits.
std::int64_t first_non_finite(ConstBufferView gradient);
/// The largest magnitude of the elements; infinity or NaN if any element is one; 0 without
/// elements. One pass over the bits.
double largest_magnitude(ConstBufferView gradient);
/// Whether any element is larger in magnitude than `limit`, infinite or NaN. `limit` is rounded to
/// the type. Costs half of largest_magnitude.
bool any_above(ConstBufferView gradient, double limit);
/// The largest finite value of `type`.
double largest_value(DType type);
/// The value of one element.
double element_value(ConstBufferView gradient, std::int64_t element);
/// The sum of squares in f64. Eight running sums take every eighth element each and are added in
/// pairs.
double squared_norm(ConstBufferView gradient);

}  // namespace dga
