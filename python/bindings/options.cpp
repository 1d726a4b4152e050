// SPDX-License-Identifier: Apache-2.0
//
// The table of options as Python sees it, and Python's arguments as options.

#include "python/bindings/options.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <variant>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/nearest.h"
#include "dga/data/source.h"
#include "dga/options/option_table.h"
#include "python/bindings/bindings.h"

namespace nb = nanobind;

namespace dga::python {
namespace {

const char* kind_name(Option::Kind kind) noexcept {
  switch (kind) {
    case Option::Kind::flag:
      return "flag";
    case Option::Kind::integer:
      return "integer";
    case Option::Kind::number:
      return "number";
    case Option::Kind::text:
      return "text";
    case Option::Kind::choice:
      return "choice";
    case Option::Kind::interval:
      return "interval";
    case Option::Kind::sizes:
      break;
  }
  return "sizes";
}

const char* scope_name(Option::Scope scope) noexcept {
  switch (scope) {
    case Option::Scope::environment:
      return "environment";
    case Option::Scope::dataset:
      return "dataset";
    case Option::Scope::problem:
      return "problem";
    case Option::Scope::program:
      break;
  }
  return "program";
}

nb::object object_of(const Option& row, const OptionValue& value) {
  if (value == row.zero()) {
    return nb::cast(row.zero_word);
  }
  return std::visit([](const auto& held) { return nb::object(nb::cast(held)); }, value);
}

nb::list table_rows() {
  nb::list list;
  const RunOptions defaults;
  for (const Option& row : option_table()) {
    nb::dict entry;
    entry["name"] = row.name;
    entry["argument"] = row.argument;
    entry["group"] = row.group;
    entry["kind"] = kind_name(row.kind);
    entry["scope"] = scope_name(row.scope);
    entry["positional"] = row.positional;
    entry["placeholder"] = row.placeholder;
    entry["help"] = row.help;
    entry["expectation"] = row.expectation();
    entry["default"] = object_of(row, row.get(defaults));
    entry["least"] = row.least;
    entry["most"] = row.most;
    entry["zero_word"] = row.zero_word;
    entry["choices"] = row.choices;
    list.append(entry);
  }
  return list;
}

OptionValue value_of(const Option& row, nb::handle object) {
  if (nb::isinstance<nb::bool_>(object)) {
    return nb::cast<bool>(object);
  }
  if (nb::isinstance<nb::str>(object)) {
    const auto text = nb::cast<std::string>(object);
    return !row.zero_word.empty() && text == row.zero_word ? *row.zero() : OptionValue(text);
  }
  if (nb::isinstance<nb::float_>(object) || row.kind == Option::Kind::number) {
    return nb::cast<double>(object);
  }
  if (nb::isinstance<nb::int_>(object)) {
    return nb::cast<std::int64_t>(object);
  }
  return nb::cast<std::vector<std::int64_t>>(object);
}

}  // namespace

RunOptions run_options_of(const nb::dict& arguments) {
  RunOptions options;
  for (const auto& [key, object] : arguments) {
    const auto name = nb::cast<std::string>(key);
    const Option* row = find_argument(name);
    DGA_CHECK(row != nullptr, "[python] ", printable(name),
              ": expected the name of an option, found none like it. Correct the name.");
    const OptionValue value = value_of(*row, object);
    if (value != row->zero() && !row->accepts(value)) {
      row->reject("[python] " + name, printable(nb::cast<std::string>(nb::repr(object))));
    }
    row->put(options, value);
  }
  return options;
}

void bind_options(nb::module_& module) {
  module.def("option_table", table_rows);
  module.def(
      "check_options", [](const nb::dict& arguments) { run_options_of(arguments); },
      nb::arg("options"));
  module.def(
      "nearest",
      [](const std::string& typed, const std::vector<std::string>& names) {
        return nearest(typed, names);
      },
      nb::arg("typed"), nb::arg("names"));
}

}  // namespace dga::python
