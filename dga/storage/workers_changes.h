// SPDX-License-Identifier: Apache-2.0
//
// Workers changes: the list `workers_changed` of results.json, config.json and state.json.

#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "dga/storage/run_results.h"

namespace dga {

nlohmann::ordered_json json_of(const std::vector<WorkersChange>& changes);
/// Reads it. Throws nlohmann::json::exception.
std::vector<WorkersChange> workers_changes_from(const nlohmann::ordered_json& json);

}  // namespace dga
