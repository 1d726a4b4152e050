// SPDX-License-Identifier: Apache-2.0
//
// Readable: numbers as people read them.

#pragma once

#include <string>

namespace dga {

/// `value` rounded to `digits` significant digits, but with all those before its point: 0.0166667,
/// 12346. What is smaller than 0.0001 or has more than 15 digits has an exponent: 1.5e-6. Zeros at
/// the end are left out; what is not finite is a dash. The same in every locale.
std::string readable(double value, int digits);

}  // namespace dga
