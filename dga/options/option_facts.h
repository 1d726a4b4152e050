// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <vector>

#include "dga/base/fact.h"
#include "dga/options/run_options.h"

namespace dga {

/// The options of a run that must be the same on all `ranks` MPI ranks, as resolved there. Left out
/// are paths, because each host may keep its copy of the data in another place and only rank 0
/// writes results, and options that only the program uses, such as quiet. `ranks` may be 0: not
/// known.
std::vector<Fact> option_facts(const RunOptions& options, int ranks);

}  // namespace dga
