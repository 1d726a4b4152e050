// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <string_view>

#include "dga/base/named_values.h"

namespace dga {

/// What a training step does, on all workers alike, if a gradient is infinite or NaN.
enum class OnNonfinite : std::uint8_t {
  throw_error,  ///< throws Error with a text that names the parameter and the worker
  skip,         ///< discards the gradients and changes nothing
  ignore,       ///< does not look, and passes the gradients to the optimiser
};

inline constexpr NamedValues<OnNonfinite, 3> kOnNonfiniteNames{{
    {"throw", OnNonfinite::throw_error},
    {"skip", OnNonfinite::skip},
    {"ignore", OnNonfinite::ignore},
}};
inline std::string_view name_of(OnNonfinite action) noexcept {
  return name_in(kOnNonfiniteNames, action);
}
/// Throws InvalidArgument for an unknown name.
inline OnNonfinite on_nonfinite_from(std::string_view name) {
  return required_value_in(kOnNonfiniteNames, name, "[options] on_nonfinite");
}

}  // namespace dga
