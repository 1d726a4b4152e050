// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>

#include "dga/options/run_options.h"

namespace dga {

/// The text of config.json: every option by its name, in the order of the table, with a final
/// newline. A 0 that has a keyword (Option::zero_word) is written as the keyword, such as "auto" or
/// "off".
std::string to_json(const RunOptions& options);

/// Reads what to_json wrote; missing options have their defaults. Throws InvalidArgument, with
/// `path` as the place, for text that is not a JSON object, an unknown name, and a value of another
/// type or out of bounds.
RunOptions run_options_from_json(std::string_view text, const std::string& path);

}  // namespace dga
