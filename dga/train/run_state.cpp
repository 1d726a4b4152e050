// SPDX-License-Identifier: Apache-2.0

#include "dga/train/run_state.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <nlohmann/json.hpp>

#include "dga/base/error.h"
#include "dga/options/option_table.h"
#include "dga/options/options_json.h"
#include "dga/storage/workers_changes.h"
#include "dga/train/accumulator_numbers.h"
#include "dga/train/program_state.h"

namespace dga {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kStateSchema = 3;

}  // namespace

std::string to_json(const RunState& state) {
  Json json{{"schema", kStateSchema},
            {"options", Json::parse(to_json(state.options))},
            {"seconds", state.seconds},
            {"saved_errors", state.saved_errors},
            {"workers_changed", json_of(state.workers_changed)},
            {"has_kept", state.has_kept}};
  put_numbers(json, state.numbers);
  json["position"] = {{"step", state.position.step},
                      {"skipped", state.position.skipped},
                      {"seconds", state.position.seconds},
                      {"losses", state.position.losses}};
  for (const Fact& fact : state.data) {
    json["data"][fact.name] = fact.value;
  }
  json["epochs"] = Json::array();
  for (const EpochResult& epoch : state.epochs) {
    json["epochs"].push_back(to_json(epoch));  // as lines of metrics.jsonl
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

RunState run_state_from_json(std::string_view text, const std::string& path) {
  try {
    const Json json = Json::parse(text);
    if (is_program_state(json)) {
      throw StorageError(str("[train] ", path,
                             ": expected the state of a run of dga train, found that of a program "
                             "with a dga::Checkpointer. Start that program to go on from it."));
    }
    if (json.at("schema") != kStateSchema) {
      throw StorageError(str("[train] ", path, ": expected schema ", kStateSchema, ", found ",
                             json.at("schema").dump(), ". Use the dga that wrote it."));
    }
    RunState state{.options = run_options_from_json(json.at("options").dump(), path),
                   .seconds = json.at("seconds").get<std::vector<PhaseSeconds>>(),
                   .workers_changed = workers_changes_from(json.at("workers_changed")),
                   .has_kept = json.at("has_kept").get<bool>(),
                   .numbers = numbers_from(json)};
    for (const Json& error : json.at("saved_errors")) {
      state.saved_errors.push_back(error.is_null() ? std::numeric_limits<double>::quiet_NaN()
                                                   : error.get<double>());
    }
    state.numbers.seed = state.options.training.seed;
    const Json& position = json.at("position");
    state.position = {.step = position.at("step").get<std::int64_t>(),
                      .skipped = position.at("skipped").get<std::int64_t>(),
                      .seconds = position.at("seconds").get<double>(),
                      .losses = position.at("losses").get<std::vector<double>>()};
    for (const auto& [name, value] : json.at("data").items()) {
      state.data.push_back({.name = name, .value = value.get<std::string>()});
    }
    std::string lines;
    for (const Json& line : json.at("epochs")) {
      lines += line.get<std::string>() + "\n";
    }
    state.epochs = epochs_from_json_lines(lines, path);
    return state;
  } catch (const StorageError&) {
    throw;
  } catch (const std::exception& error) {
    throw StorageError(str("[train] ", path, ": expected the state of a run, found other JSON (",
                           error.what(), "). Use another checkpoint."));
  }
}

void check_resumable(const RunState& state, const RunOptions& options,
                     const std::vector<Fact>& data, const std::string& path) {
  for (const Option& row : option_table()) {
    const std::string before = row.text_of(row.get(state.options));
    const std::string now = row.text_of(row.get(options));
    DGA_CHECK(row.resumable || before == now, "[train] resume: expected --", row.name, " ", before,
              ", as in the checkpoint ", path, ", found ", now,
              ". Start without --resume, or with the options of the first run.");
  }
  const auto begun = std::ssize(state.epochs) + (state.position.is_between_epochs() ? 0 : 1);
  DGA_CHECK(options.training.epochs >= begun, "[train] resume: expected --epochs ", begun,
            " or more, as many as the checkpoint ", path, " has, found ", options.training.epochs,
            ". Raise it, or resume an older checkpoint.");
  DGA_CHECK(
      !options.training.coalesce || state.options.workers.carriers == options.workers.carriers,
      "[train] resume: expected --carriers ", state.options.workers.carriers,
      ", as in the checkpoint ", path, ", because --coalesce depends on it, found ",
      options.workers.carriers, ". Start without --resume, or with as many carriers.");
  for (const Fact& fact : state.data) {
    const auto found = std::find_if(data.begin(), data.end(),
                                    [&](const Fact& each) { return each.name == fact.name; });
    DGA_CHECK(found != data.end() && found->value == fact.value,
              "[train] resume: expected the data of the checkpoint ", path, ", with ", fact.name,
              ": ", fact.value, ", found ", found == data.end() ? "none" : found->value,
              ". Resume with the same data, or start without --resume.");
  }
}

void change_workers(RunState& state, int workers) {
  state.workers_changed.push_back({.step = state.numbers.num_steps,
                                   .epoch = std::ssize(state.epochs),
                                   .from = state.options.workers.count,
                                   .to = workers});
  state.options.workers.count = workers;
  state.position = {};
  const auto count = static_cast<std::size_t>(workers);
  state.seconds.assign(count, {});
  state.saved_errors.assign(count, std::numeric_limits<double>::quiet_NaN());
}

std::int64_t schedule_lead(const std::vector<WorkersChange>& changes,
                           std::int64_t steps_per_epoch) {
  return changes.empty() ? 0 : changes.back().epoch * steps_per_epoch - changes.back().step;
}

}  // namespace dga
