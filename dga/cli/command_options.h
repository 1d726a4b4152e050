// SPDX-License-Identifier: Apache-2.0
//
// CommandOption: an option of a command as data, for docs/cli.md and for shell completion.

#pragma once

#include <string>
#include <vector>

#include "dga/cli/command.h"

namespace dga {

struct CommandOption {
  std::string name;  // "--workers"; without dashes: a positional argument
  // "N", "DIR", "FILE", "PATH" (a folder or a file), "a|b"; empty for a flag
  std::string placeholder;
  std::string text_default;
  std::string help;

  /// The words of a placeholder such as "a|b|c"; empty for a placeholder that lists none.
  std::vector<std::string> choices() const;
};

/// The options in the order in which the command declares them, without --help.
std::vector<CommandOption> options_of(const Command& command);

}  // namespace dga
