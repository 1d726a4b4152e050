// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dga/comm/communicator.h"

namespace dga {

/// Throws the same InvalidArgument on every worker unless all workers pass the same lines. The text
/// shows the first line in which the lowest-numbered differing worker departs from worker 0. `what`
/// names the thing that the lines describe ("module"); `remedy` says what to do. Collective over
/// `workers`; blocks.
void require_same_lines(const Communicator& workers, const std::vector<std::string>& lines,
                        std::string_view what, std::string_view remedy);

}  // namespace dga
