// SPDX-License-Identifier: Apache-2.0
//
// check_finite: refuses predictions that are no numbers.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>

#include "dga/base/error.h"

namespace dga {

/// Throws DataError if one of `values`, `width` for each sample, is not finite. For the error,
/// `place(i)` names sample i of these, and `remedy` says what to do.
template <typename T, typename Place>
void check_finite(std::span<const T> values, std::int64_t width, const Place& place,
                  std::string_view remedy) {
  const auto bad =
      std::find_if_not(values.begin(), values.end(), [](T value) { return std::isfinite(value); });
  if (bad != values.end()) {
    throw DataError(str(place((bad - values.begin()) / width),
                        ": expected a finite prediction, found ",
                        std::isnan(*bad) ? "nan"
                        : *bad > 0       ? "inf"
                                         : "-inf",
                        ". Correct or remove the sample if its numbers are far from those of the "
                        "training; otherwise ",
                        remedy, "."));
  }
}

}  // namespace dga
