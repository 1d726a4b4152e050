// SPDX-License-Identifier: Apache-2.0
//
// ProgramState: what a checkpoint of a Checkpointer says besides its tensors (state.json).

#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "dga/parallel/accumulator_state.h"
#include "dga/train/checkpoint_state.h"

namespace dga {

struct ProgramState {
  int workers = 0;
  AccumulatorState numbers = {};  // without tensors, as all below
  CheckpointState common = {};
  std::vector<CheckpointState> own = {};  // (workers); empty: they have none

  /// Steps that were taken or skipped.
  std::int64_t step() const noexcept { return numbers.num_steps + numbers.num_skipped; }
};

/// The text of state.json, with a final newline.
std::string to_json(const ProgramState& state);
/// Reads it. Throws StorageError, which names `path`, if `text` is something else, or of another
/// schema.
ProgramState program_state_from_json(std::string_view text, const std::string& path);
/// Whether a state.json is of a program, not of dga train.
bool is_program_state(const nlohmann::ordered_json& json);

/// The integers, numbers and texts of several states on one line.
std::string to_json_line(const std::vector<CheckpointState>& states);
std::vector<CheckpointState> states_from_json_line(std::string_view text);

/// Throws InvalidArgument for names and texts that are not UTF-8. `whose` begins with "the", and
/// names the state.
void check_texts(const CheckpointState& state, std::string_view whose);

}  // namespace dga
