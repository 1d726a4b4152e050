// SPDX-License-Identifier: Apache-2.0

#include <iostream>
#include <memory>
#include <utility>

#include "dga/base/error.h"
#include "dga/cli/command.h"
#include "dga/cli/command_options.h"
#include "dga/options/option_table.h"

namespace dga {
namespace {

/// Escaped for a cell of a Markdown table: '|' would begin the next cell, '<' HTML.
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
      << "\n`dga help COMMAND` or `dga COMMAND --help` lists the options of a command.\n\n"
         "**Exit codes.** 0: done. 1: failed. 2: wrong usage. 3: stopped by a signal, with a "
         "checkpoint from which the run goes on. 130: stopped by a signal. With every code but 0, "
         "standard error ends with one line that begins with `dga: `. The first Ctrl-C (or "
         "SIGTERM, "
         "SIGHUP, SIGUSR1, SIGUSR2) stops the run after the current step and saves the finished "
         "epochs and a checkpoint, the second one ends it immediately ([errors.md](errors.md)).\n\n"
         "**Output.** On a terminal a bar shows the progress of the run; elsewhere, and with "
         "`TERM=dumb`, each epoch prints a line. There are no escape codes and no colours. Under "
         "`mpirun` only rank 0 prints, and all commands but `train` and `bench comm` run on rank 0 "
         "alone.\n\n"
         "**Paths.** `~` or `~USER` at the start of a path is a home folder, also in TOML files. "
         "No command writes over a file that it reads.\n\n"
         "# The options of dga train\n\n"
         "The command line overrides the file that `--config` names, which overrides the defaults. "
         "The TOML file has the same option names as top-level keys; `-` and `_` are "
         "equivalent:\n\n"
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

/// The type of an argument in Python.
std::string python_type(const Option& row) {
  const std::string word = row.zero_word.empty() ? "" : str(", Literal[\"", row.zero_word, "\"]]");
  const auto type = [&](const char* plain) {
    return word.empty() ? std::string(plain) : str("Union[", plain, word);
  };
  switch (row.kind) {
    case Option::Kind::flag:
      return "bool";
    case Option::Kind::integer:
      return type("int");
    case Option::Kind::number:
      return type("float");
    case Option::Kind::interval:
      return "Union[int, str]";
    case Option::Kind::sizes:
      return word.empty() ? "Union[int, Sequence[int]]" : type("int, Sequence[int]");
    case Option::Kind::text:
      if (row.placeholder == "COLUMN,…") {
        return "Union[str, Sequence[Union[str, int]]]";
      }
      return row.is_path() ? "Union[str, os.PathLike[str]]" : "str";
    case Option::Kind::choice:
      break;
  }
  std::string words;
  for (const std::string& choice : row.choices) {
    words += str(words.empty() ? "\"" : ", \"", choice, "\"");
  }
  return str("Literal[", words, "]");
}

void print_python() {
  using Scope = Option::Scope;
  std::cout << "# SPDX-License-Identifier: Apache-2.0\n"
               "# Written by: dga options --python > "
               "python/distributed_gradient_accumulator/_option_types.pyi\n"
               "\"\"\"The options of a run as keyword arguments, for type checkers: each call "
               "takes one of these.\"\"\"\n\n"
               "import os\n"
               "from collections.abc import Sequence\n"
               "from typing import Literal, Optional, TypedDict, Union\n";
  const RunOptions defaults;
  for (const auto& [scope, head] :
       {std::pair(Scope::environment, "class EnvironmentOptions(TypedDict, total=False):"),
        std::pair(Scope::dataset, "class DatasetOptions(TypedDict, total=False):"),
        std::pair(Scope::problem, "class ProblemOptions(DatasetOptions, total=False):")}) {
    std::cout << "\n" << head << "\n";
    for (const Option& row : option_table()) {
      if (row.scope != scope || row.positional) {
        continue;
      }
      const std::string text = row.text_of(row.get(defaults));
      std::cout << "    " << row.argument << ": Optional[" << python_type(row) << "]\n    \"\"\""
                << row.help << (text.empty() ? "" : str(" Default: ", text, ".")) << "\"\"\"\n";
    }
  }
}

}  // namespace

Action add_options(CLI::App& app) {
  struct Form {
    bool markdown = false;
    bool python = false;
  };
  const auto form = std::make_shared<Form>();
  app.add_flag("--markdown", form->markdown, "Print docs/cli.md.");
  app.add_flag("--python", form->python, "Print the types of Python's keyword arguments.");
  return [form] {
    DGA_CHECK(!form->markdown || !form->python,
              "[cli] options: expected --markdown or --python, found both. Choose one.");
    form->markdown ? print_markdown() : form->python ? print_python() : print_plain();
    return 0;
  };
}

}  // namespace dga
