// SPDX-License-Identifier: Apache-2.0
//
// CommandOptions: the options of a command as data, for the reference page and for shells to
// complete.

#pragma once

#include <string>
#include <vector>

#include "dga/cli/command.h"

namespace dga {

struct CommandOption {
  std::string name;  // "--workers"; without dashes: a word that stands alone
  // "N", "DIR", "FILE", "PATH" (a folder or a file), "a|b"; empty for a flag
  std::string placeholder;
  std::string text_default;
  std::string help;

  /// The words to choose from, if the placeholder lists them.
  std::vector<std::string> choices() const;
};

/// In the order in which the command declares them, without --help.
std::vector<CommandOption> options_of(const Command& command);

}  // namespace dga
