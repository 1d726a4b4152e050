// SPDX-License-Identifier: Apache-2.0

#include "dga/base/on_nonfinite.h"

#include "dga/base/error.h"

namespace dga {

OnNonfinite on_nonfinite_from(std::string_view name) {
  if (const auto action = value_in(kOnNonfiniteNames, name)) {
    return *action;
  }
  throw InvalidArgument(
      str("[options] on_nonfinite: expected throw, skip or ignore, found '", name, "'."));
}

}  // namespace dga
