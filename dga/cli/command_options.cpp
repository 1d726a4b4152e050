// SPDX-License-Identifier: Apache-2.0

#include "dga/cli/command_options.h"

#include <sstream>

namespace dga {

std::vector<std::string> CommandOption::choices() const {
  std::vector<std::string> words;
  if (placeholder.find('|') != std::string::npos) {
    std::istringstream text(placeholder);
    for (std::string word; std::getline(text, word, '|');) {
      words.push_back(word);
    }
  }
  return words;
}

std::vector<CommandOption> options_of(const Command& command) {
  CLI::App app;
  app.set_help_flag();
  command.add(app);
  std::vector<CommandOption> options;
  for (const CLI::Option* option : app.get_options()) {
    const bool flag = option->get_items_expected_max() == 0;
    options.push_back({.name = option->get_positional() ? option->get_name(true)
                                                        : "--" + option->get_lnames().front(),
                       .placeholder = flag ? "" : option->get_type_name(),
                       .text_default = option->get_default_str(),
                       .help = option->get_description()});
  }
  return options;
}

}  // namespace dga
