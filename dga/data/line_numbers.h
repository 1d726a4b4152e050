// SPDX-License-Identifier: Apache-2.0
//
// Line numbers of samples, which need no memory while each line has one.

#pragma once

#include <cstdint>
#include <vector>

namespace dga {

/// Adds the line of sample `count`, after the samples 0 … count-1, the first of which is on
/// `first_line`. `lines` stays empty as long as the lines are consecutive.
void keep_line(std::vector<std::int64_t>& lines, std::int64_t first_line, std::int64_t count,
               std::int64_t line);

}  // namespace dga
