// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>

#include "dga/options/run_options.h"

namespace dga {

/// The text of config.json: every option by its name, in the order of the table, with a final
/// newline. Options that are 0 in a meaning of their own appear as their word ("auto", "off").
std::string to_json(const RunOptions& options);

/// Reads what to_json wrote; options that are missing keep their defaults. Throws InvalidArgument,
/// with `path` for a place, for text that is no JSON object, an unknown name, or a value that does
/// not fit.
RunOptions run_options_from_json(std::string_view text, const std::string& path);

}  // namespace dga
