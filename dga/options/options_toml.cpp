// SPDX-License-Identifier: Apache-2.0

#include "dga/options/options_toml.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "dga/base/error.h"
#include "dga/data/source.h"
#include "dga/options/option_table.h"
#include "dga/storage/atomic_file.h"

namespace dga {
namespace {

/// The value with its type, for an error.
std::string describe(const toml::node& node) {
  if (const auto* text = node.as_string()) {
    return str("the string \"", printable(text->get()), "\"");
  }
  if (const auto* integer = node.as_integer()) {
    return std::to_string(integer->get());
  }
  if (const auto* number = node.as_floating_point()) {
    return str("the number ", number->get());
  }
  if (const auto* flag = node.as_boolean()) {
    return flag->get() ? "true" : "false";
  }
  return node.is_array() ? "an array" : node.is_table() ? "a table" : "a date or time";
}

std::optional<OptionValue> sizes_of(const toml::node& node) {
  std::vector<std::int64_t> sizes;
  if (const auto* one = node.as_integer()) {
    sizes.push_back(one->get());
    return sizes;
  }
  const toml::array* many = node.as_array();
  if (many == nullptr) {
    return std::nullopt;
  }
  for (const toml::node& element : *many) {
    const auto* size = element.as_integer();
    if (size == nullptr) {
      return std::nullopt;
    }
    sizes.push_back(size->get());
  }
  return sizes;
}

/// The node as a value of `option`; none when it is of another type or out of bounds.
std::optional<OptionValue> value_of(const Option& option, const toml::node& node) {
  std::optional<OptionValue> value;
  if (const auto* text = node.as_string()) {
    if (!option.zero_word.empty() && text->get() == option.zero_word) {
      return option.zero();
    }
    value = text->get();
  } else if (option.kind == Option::Kind::sizes) {
    value = sizes_of(node);
  } else if (const auto* integer = node.as_integer()) {
    // An integer is a number too.
    if (option.kind == Option::Kind::number) {
      value = static_cast<double>(integer->get());
    } else if (option.kind == Option::Kind::interval) {
      value = std::to_string(integer->get());
    } else {
      value = integer->get();
    }
  } else if (const auto* number = node.as_floating_point()) {
    value = number->get();
  } else if (const auto* flag = node.as_boolean()) {
    value = flag->get();
  }
  return value && option.accepts(*value) ? value : std::nullopt;
}

/// The error of a text that is no TOML.
[[noreturn]] void refuse_toml(const std::string& shown, std::string_view text,
                              const toml::parse_error& error) {
  const auto line = error.source().begin.line;
  const std::string_view description = error.description();
  // toml++ garbles a key in quotes here, so the name comes from the line itself.
  if (description.find("redefine") != std::string_view::npos) {
    for (toml::source_index i = 1; i < line; ++i) {
      text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    }
    text = text.substr(0, text.find_first_of("=\r\n"));
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    const std::size_t last = text.find_last_not_of(" \t");
    throw InvalidArgument(str(shown, ":", line, ": ", printable(text.substr(0, last + 1)),
                              ": expected each option once, found it again. Remove one of them."));
  }
  throw InvalidArgument(str(shown, ":", line, ": expected TOML, found that ",
                            printable(description, 200), description.ends_with('.') ? "" : ".",
                            " Correct the file."));
}

}  // namespace

void read_options_toml(const std::string& path, RunOptions& options) {
  const std::string shown = printable(path, 4096);
  toml::table table;
  std::string text;
  try {
    text = read_file(path);
    table = toml::parse(text, path);
  } catch (const StorageError& error) {
    // A wrong path is wrong usage.
    throw InvalidArgument(error.what());
  } catch (const toml::parse_error& error) {
    refuse_toml(shown, text, error);
  }
  RunOptions result = options;
  std::map<const Option*, toml::key> seen;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const std::string place = str(shown, ":", key.source().begin.line, ": ", printable(name));
    const Option* option = find_option(name);
    if (option == nullptr || !option->in_files) {
      const std::string hint = option == nullptr ? option_hint(name, "") : "";
      throw InvalidArgument(
          str(place, ": expected the name of an option, found ",
              option == nullptr ? "another word." : "one for the command line only.", hint,
              " See dga train --help."));
    }
    if (const auto [first, added] = seen.emplace(option, key); !added) {
      // The table is in the order of the names, the error in that of the lines.
      const auto& [earlier, later] =
          std::minmax<toml::key>(first->second, key, [](const toml::key& a, const toml::key& b) {
            return a.source().begin.line < b.source().begin.line;
          });
      throw InvalidArgument(str(shown, ":", later.source().begin.line, ": ", later.str(),
                                ": expected each option once, found it in line ",
                                earlier.source().begin.line, " too, as ", earlier.str(),
                                ". Remove one of them."));
    }
    const std::optional<OptionValue> value = value_of(*option, node);
    if (!value) {
      option->reject(place, describe(node));
    }
    option->put(result, *value);
  }
  options = result;
}

}  // namespace dga
