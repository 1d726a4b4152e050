// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <span>
#include <string>
#include <string_view>

namespace dga {

/// The one of `names` that somebody who typed `typed` most likely meant, or "" when none is close:
/// fewest letters inserted, removed, replaced or swapped, at most a third of them; else one that
/// begins with what was typed.
std::string nearest(std::string_view typed, std::span<const std::string> names);

}  // namespace dga
