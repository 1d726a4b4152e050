// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/workers_changes.h"

#include <cstdint>

namespace dga {

nlohmann::ordered_json json_of(const std::vector<WorkersChange>& changes) {
  auto json = nlohmann::ordered_json::array();
  for (const WorkersChange& each : changes) {
    json.push_back(
        {{"step", each.step}, {"epoch", each.epoch}, {"from", each.from}, {"to", each.to}});
  }
  return json;
}

std::vector<WorkersChange> workers_changes_from(const nlohmann::ordered_json& json) {
  std::vector<WorkersChange> changes;
  for (const nlohmann::ordered_json& each : json) {
    changes.push_back({.step = each.at("step").get<std::int64_t>(),
                       .epoch = each.at("epoch").get<std::int64_t>(),
                       .from = each.at("from").get<int>(),
                       .to = each.at("to").get<int>()});
  }
  return changes;
}

}  // namespace dga
