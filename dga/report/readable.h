// SPDX-License-Identifier: Apache-2.0
//
// Numbers formatted for people.

#pragma once

#include <string>

namespace dga {

/// `value` rounded to `digits` significant digits, but with all digits before the decimal point:
/// 0.0166667, 12346. Values below 0.0001 and values with more than 15 digits have an exponent:
/// 1.5e-6. Trailing zeros are omitted. A value that is not finite is a dash. Independent of the
/// locale.
std::string readable(double value, int digits);

}  // namespace dga
