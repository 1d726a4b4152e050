// SPDX-License-Identifier: Apache-2.0

#include "dga/options/options_json.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <variant>

#include "dga/base/error.h"
#include "dga/data/source.h"
#include "dga/options/option_table.h"
#include "dga/storage/workers_changes.h"

namespace dga {
namespace {

using Json = nlohmann::ordered_json;

std::optional<OptionValue> value_of(const Option& option, const Json& json) {
  if (!option.zero_word.empty() && json == option.zero_word) {
    return option.zero();
  }
  std::optional<OptionValue> value;
  if (json.is_boolean()) {
    value = json.get<bool>();
  } else if (json.is_string()) {
    value = json.get<std::string>();
  } else if (json.is_number() && option.kind == Option::Kind::number) {
    value = json.get<double>();
  } else if (json.is_number_integer()) {
    value = json.get<std::int64_t>();
  } else if (json.is_array()) {
    value = json.get<std::vector<std::int64_t>>();
  }
  return value && option.accepts(*value) ? value : std::nullopt;
}

Json json_of(const RunOptions& options) {
  Json json = Json::object();
  for (const Option& row : option_table()) {
    const OptionValue value = row.get(options);
    if (value == row.zero()) {
      json[row.name] = row.zero_word;
    } else {
      std::visit([&](const auto& held) { json[row.name] = held; }, value);
    }
  }
  return json;
}

std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string to_json(const RunOptions& options) {
  return text_of(json_of(options));
}

std::string to_json(const RunOptions& options, const std::vector<WorkersChange>& workers_changed,
                    const DataSummary& data) {
  Json json = json_of(options);
  if (!workers_changed.empty()) {
    json[kWorkersChangedKey] = json_of(workers_changed);
  }
  json[kSummaryKey] = Json::parse(to_json(data));
  return text_of(json);
}

RunOptions run_options_from_json(std::string_view text, const std::string& path) {
  RunOptions options;
  const std::string place = "[options] " + printable(path, 4096);
  try {
    const Json json = Json::parse(text);
    for (const auto& [name, entry] : json.get_ref<const Json::object_t&>()) {
      if (name == kSummaryKey || name == kWorkersChangedKey) {
        continue;
      }
      const Option* option = find_option(name);
      if (option == nullptr) {
        throw InvalidArgument(str(place, ": expected the name of an option, found \"",
                                  printable(name), "\". Use the dga that wrote the file."));
      }
      const std::optional<OptionValue> value = value_of(*option, entry);
      if (!value) {
        option->reject(str(place, ": ", option->name), printable(entry.dump()));
      }
      option->put(options, *value);
    }
  } catch (const Json::exception&) {
    throw InvalidArgument(str(place,
                              ": expected the options of a run, found JSON that is damaged or "
                              "says something else. Start a new run."));
  }
  return options;
}

}  // namespace dga
