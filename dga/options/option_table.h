// SPDX-License-Identifier: Apache-2.0
//
// The table of options: the one list that feeds the command line, shell completion, TOML files,
// config.json, Python's arguments and their type stubs, and docs/cli.md.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dga/options/option.h"

namespace dga {

/// All options, in the order of the docs. Built at the first call; never changes.
const std::vector<Option>& option_table();

/// The option of that name, with '-' or '_', or null.
const Option* find_option(std::string_view name);

/// The option whose argument in Python has that name, or null.
const Option* find_argument(std::string_view name);

/// "" or " Did you mean --NAME?", NAME being the known name that looks most like `name`.
std::string option_hint(std::string_view name, std::string_view prefix);

}  // namespace dga
