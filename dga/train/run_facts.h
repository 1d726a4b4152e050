// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <vector>

#include "dga/base/fact.h"
#include "dga/options/run_options.h"

namespace dga {

/// What the ranks of a run compare beside what every launch compares: the options, and the versions
/// of torch and its libraries as loaded.
std::vector<Fact> run_facts(const RunOptions& options);

}  // namespace dga
