// SPDX-License-Identifier: Apache-2.0
//
// Completion scripts for shells, written from the list of commands and their options.

#include <algorithm>
#include <iostream>
#include <memory>
#include <sstream>

#include "dga/base/error.h"
#include "dga/cli/command.h"
#include "dga/cli/command_options.h"

namespace dga {
namespace {

/// What the value of an option, or a positional argument, is.
std::string kind_of(const CommandOption& option) {
  const bool file = option.placeholder == "FILE" || option.placeholder == "PATH" ||
                    option.placeholder == "…";  // several paths
  return option.placeholder == "DIR" ? "folder" : file ? "file" : "words";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

/// `text` with a backslash before each of `special`, and safe between single quotes.
std::string escaped(const std::string& text, const std::string& special) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (special.find(c) != std::string::npos) {
      out += '\\';
    }
    out += c;
  }
  return out;
}

/// The first words of commands, in their order, and what follows them: commands of two words share
/// the first.
struct FirstWord {
  std::string word;
  std::string summary;  // of its command, or the second words
  std::vector<std::string> seconds = {};
};

std::vector<FirstWord> first_words() {
  std::vector<FirstWord> all;
  for (const Command& command : commands()) {
    const std::size_t space = command.name.find(' ');
    const std::string word = command.name.substr(0, space);
    if (space == std::string::npos) {
      all.push_back({word, command.summary});
      continue;
    }
    if (all.empty() || all.back().word != word) {
      all.push_back({word, ""});
    }
    const std::string second = command.name.substr(space + 1);
    all.back().summary += (all.back().seconds.empty() ? "" : ", ") + second;
    all.back().seconds.push_back(second);
  }
  return all;
}

bool is_word(const CommandOption& option) {
  return !option.name.starts_with('-');
}

void print_bash() {
  std::string names;
  std::string seconds;  // the second words of commands of two
  std::string options;
  std::string values;
  for (const FirstWord& first : first_words()) {
    names += first.word + " ";
    if (!first.seconds.empty()) {
      seconds += str("    ", first.word, ") words='", joined(first.seconds), "' ;;\n");
    }
  }
  for (const Command& command : commands()) {
    std::string list = "--help";
    std::string word;  // what stands alone, if it is a path
    for (const CommandOption& option : options_of(command)) {
      list += " " + (is_word(option) ? joined(option.choices()) : option.name);
      if (is_word(option) && kind_of(option) != "words") {
        word = str("; [[ $cur == -* ]] || kind=", kind_of(option));
      } else if (!is_word(option) && !option.placeholder.empty()) {
        values += str("    '", command.name, " ", option.name, "') kind=", kind_of(option),
                      " words='", joined(option.choices()), "' ;;\n");
      }
    }
    options += str("    '", command.name, "') words='", list, "'", word, " ;;\n");
  }
  std::cout
      << "# Completion for dga in bash: source <(dga completion bash)\n"
         "_dga() {\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} prev='' command=${COMP_WORDS[1]} words='' "
         "kind=words at=2\n"
         "  (( COMP_CWORD > 0 )) && prev=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  COMPREPLY=()\n"
         "  # bash cuts --option=value into three words\n"
         "  if [[ $cur == '=' ]]; then\n"
         "    cur=''\n"
         "  elif [[ $prev == '=' ]] && (( COMP_CWORD > 1 )); then\n"
         "    prev=${COMP_WORDS[COMP_CWORD-2]}\n"
         "  fi\n"
         "  if (( COMP_CWORD <= 1 )); then\n"
         "    COMPREPLY=($(compgen -W 'help "
      << names
      << "' -- \"$cur\"))\n"
         "    return\n"
         "  fi\n"
         "  if [[ $command == help ]]; then\n"
         "    (( COMP_CWORD == 2 )) && COMPREPLY=($(compgen -W '"
      << names
      << "' -- \"$cur\"))\n"
         "    return\n"
         "  fi\n"
         "  case $command in\n"
      << seconds
      << "  esac\n"
         "  if [[ $words ]]; then\n"
         "    if (( COMP_CWORD == 2 )); then\n"
         "      COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "      return\n"
         "    fi\n"
         "    command+=\" ${COMP_WORDS[2]}\"\n"
         "  fi\n"
         "  words=''\n"
         "  case \"$command $prev\" in\n"
      << values
      << "    *) kind=options ;;\n"
         "  esac\n"
         "  if [[ $kind == options ]]; then\n"
         "    case $command in\n"
      << options
      << "    esac\n"
         "  fi\n"
         "  local IFS=$'\\n'\n"
         "  case $kind in\n"
         "    folder) COMPREPLY=($(compgen -d -- \"$cur\")); compopt -o filenames 2>/dev/null ;;\n"
         "    file) COMPREPLY=($(compgen -f -- \"$cur\")); compopt -o filenames 2>/dev/null ;;\n"
         "    *) COMPREPLY=($(IFS=' '; compgen -W \"$words\" -- \"$cur\")) ;;\n"
         "  esac\n"
         "}\n"
         "complete -F _dga dga\n";
}

std::string zsh_argument(const CommandOption& option) {
  const std::string words = option.choices().empty() ? "" : "(" + joined(option.choices()) + ")";
  const std::string kind = kind_of(option);
  const std::string action = kind == "folder" ? "_files -/" : kind == "file" ? "_files" : words;
  if (is_word(option)) {
    return str("'", kind == "words" ? "1" : "*", ":", option.name, ":", action, "'");
  }
  const std::string help = str("[", escaped(option.help, "\\[]:"), "]");
  return option.placeholder.empty()
             ? str("'", option.name, help, "'")
             : str("'", option.name, "=", help, ":", option.name.substr(2), ":", action, "'");
}

void print_zsh() {
  std::cout << "#compdef dga\n"
               "# Completion for dga in zsh: source <(dga completion zsh), after compinit; or the "
               "file _dga in a folder of $fpath.\n"
               "_dga() {\n"
               "  local -a commands=(\n"
               "    'help:lists the options of a command'\n";
  for (const FirstWord& first : first_words()) {
    std::cout << "    '" << first.word << ':' << escaped(first.summary, "\\:") << "'\n";
  }
  std::string cases;
  for (const Command& command : commands()) {
    std::string arguments = "'--help[Print this help]'";
    for (const CommandOption& option : options_of(command)) {
      arguments += " \\\n        " + zsh_argument(option);
    }
    cases += str("    '", command.name, "')\n      _arguments ", arguments, "\n      ;;\n");
  }
  std::string seconds;
  for (const FirstWord& first : first_words()) {
    if (!first.seconds.empty()) {
      seconds += str("    ", first.word, ") seconds='", joined(first.seconds), "' ;;\n");
    }
  }
  std::cout << "  )\n"
               "  if (( CURRENT == 2 )); then _describe command commands; return; fi\n"
               "  local command=$words[2] seconds=''\n"
               "  case $command in\n"
               "    help) (( CURRENT == 3 )) && _describe command commands; return ;;\n"
            << seconds
            << "  esac\n"
               "  if [[ $seconds ]]; then\n"
               "    if (( CURRENT == 3 )); then compadd ${=seconds}; return; fi\n"
               "    command+=\" $words[3]\"\n"
               "    shift words; (( CURRENT-- ))\n"
               "  fi\n"
               "  shift words; (( CURRENT-- ))\n"
               "  case $command in\n"
            << cases
            << "  esac\n"
               "}\n"
               "if [[ $funcstack[1] == _dga ]]; then _dga \"$@\"; else compdef _dga dga; fi\n";
}

}  // namespace

Action add_completion(CLI::App& app) {
  const auto shell = std::make_shared<std::string>();
  app.add_option("shell", *shell, "Shell to write the script for.")->type_name("bash|zsh");
  return [shell] {
    DGA_CHECK(*shell == "bash" || *shell == "zsh", "[cli] completion: expected bash or zsh, found ",
              shell->empty() ? "none" : "\"" + *shell + "\"",
              ". For instance: source <(dga completion bash).");
    *shell == "bash" ? print_bash() : print_zsh();
    return 0;
  };
}

}  // namespace dga
