// SPDX-License-Identifier: Apache-2.0
//
// Numbers that may be missing, in JSON. Internal to the room.

#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

namespace dga {

using Json = nlohmann::ordered_json;

/// null for none and for what is not finite.
inline Json number_or_null(std::optional<double> value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

inline std::optional<double> number_or_none(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<double>());
}

/// Text of a file: indented, with a final newline; bytes that are no UTF-8 are replaced.
inline std::string file_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// Text on one line.
inline std::string line_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace dga
