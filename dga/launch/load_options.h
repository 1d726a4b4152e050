// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "dga/data/load.h"
#include "dga/options/run_options.h"

namespace dga {

/// The load options of a run on `engine`, which must be resolved.
LoadOptions load_options_of(const RunOptions& options, Engine engine);

}  // namespace dga
