// SPDX-License-Identifier: Apache-2.0

#include <iostream>
#include <memory>

#include "dga/base/error.h"
#include "dga/cli/command.h"
#include "dga/cli/command_options.h"
#include "dga/options/option_table.h"

namespace dga {
namespace {

/// In a cell of a table '|' would begin the next one; "<" would begin HTML, but for code.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '<') {
      out += '\\';
    }
    out += c;
  }
  return out;
}

std::string synopsis(const Option& option) {
  return option.placeholder.empty() ? str("--", option.name)
                                    : str("--", option.name, " ", option.placeholder);
}

void print_plain() {
  const RunOptions defaults;
  for (const Option& row : option_table()) {
    std::cout << synopsis(row) << "\n    " << row.help << "\n    Expects " << row.expectation();
    const std::string text = row.text_of(row.get(defaults));
    std::cout << (text.empty() ? "" : str("; default ", text)) << ".\n";
  }
}

void print_markdown() {
  std::cout << "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
               "<!-- Written by: dga options --markdown > docs/cli.md -->\n"
               "# The command line\n\n"
               "| command | what it does |\n|---|---|\n";
  for (const Command& command : commands()) {
    std::cout << "| `dga " << command.name << "` | " << command.summary << " |\n";
  }
  std::cout
      << "\n`dga help COMMAND` or `dga COMMAND --help` lists a command's options.\n\n"
         "**Exit codes.** 0: done. 1: failed. 2: wrong usage. 3: stopped by a signal, with a "
         "checkpoint to go on from. 130: stopped by a signal, without one. Anything but 0 comes "
         "with one line on standard error that begins with `dga: `. A first Ctrl-C (or SIGTERM) "
         "stops the run after the current step, a second one at once.\n\n"
         "**Output.** On a terminal a bar shows how far the run is; elsewhere each epoch is a "
         "line. "
         "Under `mpirun` only rank 0 prints.\n\n"
         "# The options of dga train\n\n"
         "What is typed overrides the file that `--config` names, which overrides the defaults. In "
         "that TOML file the same names stand at the top level, with `-` or `_`:\n\n"
         "```toml\n"
         "data = \"data/digits\"\n"
         "workers = 30\n"
         "hidden = [100, 50]\n"
         "micro_steps = 2\n"
         "```\n";
  const RunOptions defaults;
  std::string group;
  for (const Option& row : option_table()) {
    if (row.group != group) {
      group = row.group;
      std::cout << "\n## " << group
                << "\n\n| option | default | expects | meaning |\n|---|---|---|---|\n";
    }
    const std::string text = row.text_of(row.get(defaults));
    std::cout << "| `" << cell(synopsis(row)) << "` | " << (text.empty() ? "" : str("`", text, "`"))
              << " | " << cell(row.expectation()) << " | " << cell(row.help)
              << (row.in_files ? "" : " Not in files.") << " |\n";
  }
  for (const Command& command : commands()) {
    const std::vector<CommandOption> options = options_of(command);
    if (command.name == "train" || options.empty()) {
      continue;
    }
    std::cout << "\n# The options of dga " << command.name
              << "\n\n| option | default | meaning |\n|---|---|---|\n";
    for (const CommandOption& option : options) {
      const std::string& text = option.text_default;
      std::cout << "| `" << cell(option.name)
                << (option.placeholder.empty() ? "" : " " + cell(option.placeholder)) << "` | "
                << (text.empty() ? "" : str("`", text, "`")) << " | " << cell(option.help)
                << " |\n";
    }
  }
}

}  // namespace

Action add_options(CLI::App& app) {
  const auto markdown = std::make_shared<bool>(false);
  app.add_flag("--markdown", *markdown, "As docs/cli.md");
  return [markdown] {
    *markdown ? print_markdown() : print_plain();
    return 0;
  };
}

}  // namespace dga
