// SPDX-License-Identifier: Apache-2.0

#include "dga/cli/option_arguments.h"

#include <algorithm>

#include "dga/base/home_path.h"
#include "dga/options/option_table.h"
#include "dga/options/options_toml.h"

namespace dga {

std::shared_ptr<OptionArguments> OptionArguments::add_to(
    CLI::App& app, std::initializer_list<std::string_view> names) {
  auto arguments = std::make_shared<OptionArguments>();
  const RunOptions defaults;
  for (const Option& row : option_table()) {
    if (names.size() > 0 && std::find(names.begin(), names.end(), row.name) == names.end()) {
      continue;
    }
    const std::string name = "--" + row.name;
    if (row.kind == Option::Kind::flag) {
      app.add_flag_callback(
             name, [&row, arguments] { arguments->typed_.emplace_back(&row, "true"); }, row.help)
          ->group(row.group);
      continue;
    }
    CLI::Option* argument = app.add_option_function<std::string>(
        name,
        [&row, arguments](const std::string& text) { arguments->typed_.emplace_back(&row, text); },
        row.help);
    argument->group(row.group)->type_name(row.placeholder);
    if (const std::string text = row.text_of(row.get(defaults)); !text.empty()) {
      argument->default_str(text);
    }
  }
  return arguments;
}

RunOptions OptionArguments::resolve() const {
  RunOptions options;
  for (const auto& [row, text] : typed_) {
    if (row->name == "config") {
      read_options_toml(expand_home(text), options);
    }
  }
  for (const auto& [row, text] : typed_) {
    row->set(options, text, "[options] --" + row->name);
  }
  return options;
}

}  // namespace dga
