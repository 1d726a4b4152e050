// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <span>
#include <string>
#include <string_view>

namespace dga {

/// The name in `names` that `typed` is most likely a misspelling of, or "" if none is close.
/// Closest is the name with the fewest inserted, deleted, replaced or transposed letters: at most a
/// third of the letters typed, and at least one. If there is none, returns the first name that
/// begins with `typed`.
std::string nearest(std::string_view typed, std::span<const std::string> names);

}  // namespace dga
