// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dga/comm/communicator.h"

namespace dga {

/// Throws the same InvalidArgument on every worker unless all pass the same lines; it shows the
/// first line in which the lowest differing worker departs from worker 0. `what` is described by
/// the lines ("module") and `remedy` says what to do. Collective over `workers`; blocks.
void require_same_lines(const Communicator& workers, const std::vector<std::string>& lines,
                        std::string_view what, std::string_view remedy);

}  // namespace dga
