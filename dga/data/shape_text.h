// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dga {

/// A shape for people: "60000 x 28 x 28".
std::string shape_text(const std::vector<std::int64_t>& shape);

}  // namespace dga
