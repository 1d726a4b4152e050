// SPDX-License-Identifier: Apache-2.0
//
// The numbers of an AccumulatorState in the JSON of a checkpoint.

#pragma once

#include <nlohmann/json.hpp>

#include "dga/parallel/accumulator_state.h"

namespace dga {

/// Adds all but the seed, which the writer has, and the tensors.
void put_numbers(nlohmann::ordered_json& json, const AccumulatorState& state);
/// Reads them. Throws nlohmann::json::exception.
AccumulatorState numbers_from(const nlohmann::ordered_json& json);

}  // namespace dga
