// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <functional>
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

/// Calls `work` on every worker. If it throws on any, throws InvalidArgument on all, with the text
/// of the lowest-numbered one. A WorkerFailure passes through. Collective over `workers`; blocks.
void run_agreed(const Communicator& workers, const std::function<void()>& work);

/// Calls `work` and returns the text of the exception that it throws, or "". A WorkerFailure passes
/// through. Not collective.
std::string text_of_failure(const std::function<void()>& work);

}  // namespace dga
