// SPDX-License-Identifier: Apache-2.0

#include "python/bindings/keywords.h"

#include <algorithm>
#include <array>

#include "dga/options/option_table.h"

namespace dga::python {
namespace {

/// Whether `word`, which follows an option in a sentence, is its value.
bool is_value(const Option& option, std::string_view word) {
  if (!option.choices.empty()) {
    return std::any_of(option.choices.begin(), option.choices.end(),
                       [&](const std::string& choice) {  // "yes" or "yes."
                         return word.starts_with(choice) && word.size() <= choice.size() + 1;
                       });
  }
  constexpr std::array<std::string_view, 5> kSentence{"and", "names", "or", "to", "with"};
  return option.kind != Option::Kind::flag &&
         std::find(kSentence.begin(), kSentence.end(), word) == kSentence.end();
}

}  // namespace

std::string with_keywords(std::string_view text) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz-";
  std::string out;
  while (true) {
    const std::size_t dashes = text.find("--");
    out += text.substr(0, dashes);
    if (dashes == std::string_view::npos) {
      return out;
    }
    text.remove_prefix(dashes + 2);
    const std::string_view name =
        text.substr(0, std::min(text.find_first_not_of(kLetters), text.size()));
    const bool begins =
        out.empty() || std::string_view(" (\"").find(out.back()) != std::string::npos;
    const Option* option = begins ? find_option(name) : nullptr;
    if (option == nullptr || option->scope == Option::Scope::program) {
      out += "--";
      continue;
    }
    text.remove_prefix(name.size());
    out += option->argument;
    if (option->kind == Option::Kind::flag) {
      continue;
    }
    out += '=';
    if (text.starts_with(' ') &&
        is_value(*option, text.substr(1, std::min(text.find(' ', 1), text.size()) - 1))) {
      text.remove_prefix(1);
    }
  }
}

}  // namespace dga::python
