// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "dga/options/run_options.h"

namespace dga {

/// Puts what the TOML file `path` says into `options`; what it leaves out stays. Keys are the names
/// of the options at the top level, '_' being as good as '-'; sizes are an integer or an array of
/// them. All or nothing. Throws InvalidArgument, one line that begins with file:line, for a file
/// that is missing or no TOML, a key that is no option, and a value of another type or out of
/// bounds.
void read_options_toml(const std::string& path, RunOptions& options);

}  // namespace dga
