// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "dga/options/run_options.h"

namespace dga {

/// Sets the options that the TOML file `path` contains; the others keep their values. Option names
/// are top-level keys; '-' and '_' are equivalent. Sizes are an integer or an array of integers. If
/// it throws, no option is changed. Throws InvalidArgument, one line that begins with file:line,
/// for a file that is missing or not TOML, an unknown key, and a value of another type or out of
/// bounds.
void read_options_toml(const std::string& path, RunOptions& options);

}  // namespace dga
