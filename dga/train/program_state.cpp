// SPDX-License-Identifier: Apache-2.0

#include "dga/train/program_state.h"

#include <cmath>
#include <cstdint>
#include <exception>
#include <limits>
#include <map>

#include "dga/base/error.h"
#include "dga/base/one_line.h"
#include "dga/train/accumulator_numbers.h"

namespace dga {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kProgramSchema = 1;
constexpr const char* kWriter = "writer";
constexpr const char* kCheckpointer = "dga::Checkpointer";

/// JSON has no infinities and no NaN.
Json json_of_number(double number) {
  if (std::isfinite(number)) {
    return number;
  }
  return std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf";
}

double number_of_json(const Json& json) {
  if (!json.is_string()) {
    return json.get<double>();
  }
  const auto text = json.get<std::string>();
  return text == "nan"   ? std::numeric_limits<double>::quiet_NaN()
         : text == "inf" ? std::numeric_limits<double>::infinity()
                         : -std::numeric_limits<double>::infinity();
}

Json json_of_state(const CheckpointState& state) {
  Json json{{"integers", state.integers}, {"numbers", Json::object()}, {"texts", state.texts}};
  for (const auto& [name, number] : state.numbers) {
    json["numbers"][name] = json_of_number(number);
  }
  return json;
}

CheckpointState state_of_json(const Json& json) {
  CheckpointState state{.integers = json.at("integers").get<std::map<std::string, std::int64_t>>(),
                        .texts = json.at("texts").get<std::map<std::string, std::string>>()};
  for (const auto& [name, number] : json.at("numbers").items()) {
    state.numbers.emplace(name, number_of_json(number));
  }
  return state;
}

Json json_of_states(const std::vector<CheckpointState>& states) {
  Json json = Json::array();
  for (const CheckpointState& state : states) {
    json.push_back(json_of_state(state));
  }
  return json;
}

std::vector<CheckpointState> states_of_json(const Json& json) {
  std::vector<CheckpointState> states;
  for (const Json& each : json) {
    states.push_back(state_of_json(each));
  }
  return states;
}

}  // namespace

std::string to_json(const ProgramState& state) {
  Json json{{"schema", kProgramSchema},
            {kWriter, kCheckpointer},
            {"workers", state.workers},
            {"seed", state.numbers.seed}};
  put_numbers(json, state.numbers);
  json["common"] = json_of_state(state.common);
  json["own"] = json_of_states(state.own);
  return json.dump(2) + "\n";
}

ProgramState program_state_from_json(std::string_view text, const std::string& path) {
  try {
    const Json json = Json::parse(text);
    if (!is_program_state(json)) {
      throw StorageError(str("[train] ", path,
                             ": expected the state of a program with a dga::Checkpointer, found "
                             "another one. Choose another folder; dga train --resume goes on from "
                             "its own checkpoints."));
    }
    if (json.at("schema") != kProgramSchema) {
      throw StorageError(str("[train] ", path, ": expected schema ", kProgramSchema, ", found ",
                             json.at("schema").dump(), ". Use the dga that wrote it."));
    }
    ProgramState state{.workers = json.at("workers").get<int>(),
                       .numbers = numbers_from(json),
                       .common = state_of_json(json.at("common")),
                       .own = states_of_json(json.at("own"))};
    state.numbers.seed = json.at("seed").get<std::uint64_t>();
    return state;
  } catch (const StorageError&) {
    throw;
  } catch (const std::exception& error) {
    throw StorageError(
        str("[train] ", path,
            ": expected the state of a program with a dga::Checkpointer, found other "
            "JSON (",
            error.what(), "). Use another checkpoint."));
  }
}

bool is_program_state(const Json& json) {
  return json.is_object() && json.contains(kWriter) && json.at(kWriter) == kCheckpointer;
}

std::string to_json_line(const std::vector<CheckpointState>& states) {
  return json_of_states(states).dump();
}

std::vector<CheckpointState> states_from_json_line(std::string_view text) {
  return states_of_json(Json::parse(text));
}

void check_texts(const CheckpointState& state, std::string_view whose) {
  const auto check_name = [&](const std::string& name) {
    DGA_CHECK(is_utf8(name), "[train] checkpoint: expected names in UTF-8 in ", whose,
              ", found other bytes. Choose other names.");
  };
  for (const auto& [name, value] : state.integers) {
    check_name(name);
  }
  for (const auto& [name, value] : state.numbers) {
    check_name(name);
  }
  for (const auto& [name, value] : state.tensors) {
    check_name(name);
  }
  for (const auto& [name, text] : state.texts) {
    check_name(name);
    DGA_CHECK(is_utf8(text), "[train] checkpoint: expected UTF-8 in the text '", name, "' of ",
              whose, ", found other bytes. Save them as a tensor of u8.");
  }
}

}  // namespace dga
