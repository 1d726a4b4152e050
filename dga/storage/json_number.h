// SPDX-License-Identifier: Apache-2.0
//
// Optional numbers in JSON, and the text of JSON files. Internal to the room.

#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

namespace dga {

using Json = nlohmann::ordered_json;

/// The number, or null if there is none or it is not finite: JSON has no other way to say it.
inline Json number_or_null(std::optional<double> value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

inline std::optional<double> number_or_none(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<double>());
}

/// JSON as the text of a file: indented, with a final newline. Invalid UTF-8 is replaced.
inline std::string file_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// JSON on one line, without a newline. Invalid UTF-8 is replaced.
inline std::string line_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace dga
