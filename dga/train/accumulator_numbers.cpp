// SPDX-License-Identifier: Apache-2.0

#include "dga/train/accumulator_numbers.h"

#include <cstdint>
#include <vector>

namespace dga {

void put_numbers(nlohmann::ordered_json& json, const AccumulatorState& state) {
  json["learning_rates"] = state.learning_rates;
  json["num_steps"] = state.num_steps;
  json["num_skipped"] = state.num_skipped;
  json["loss_scale"] = state.loss_scale;
  json["growth_steps"] = state.growth_steps;
  json["buffer_samples"] = state.buffer_samples;
}

AccumulatorState numbers_from(const nlohmann::ordered_json& json) {
  AccumulatorState state;
  state.learning_rates = json.at("learning_rates").get<std::vector<double>>();
  state.num_steps = json.at("num_steps").get<std::int64_t>();
  state.num_skipped = json.at("num_skipped").get<std::int64_t>();
  state.loss_scale = json.at("loss_scale").get<double>();
  state.growth_steps = json.at("growth_steps").get<std::int64_t>();
  state.buffer_samples = json.at("buffer_samples").get<std::vector<std::int64_t>>();
  return state;
}

}  // namespace dga
