// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/run_results.h"

#include <limits>

#include "dga/base/error.h"
#include "dga/storage/json_number.h"
#include "dga/storage/workers_changes.h"

namespace dga {
namespace {

constexpr int kSchema = 1;

Json epoch_json(const EpochResult& epoch) {
  Json json{{"epoch", epoch.epoch},
            {"loss", number_or_null(epoch.loss)},
            {"train_error", number_or_null(epoch.train_error)},
            {"test_error", number_or_null(epoch.test_error)},
            {"seconds", number_or_null(epoch.seconds)}};
  if (epoch.val_error) {
    json["val_error"] = number_or_null(epoch.val_error);
  }
  for (const auto& [name, value] : epoch.metrics) {
    json["metrics"][name] = number_or_null(value);
  }
  return json;
}

double number_or_nan(const Json& json) {
  return number_or_none(json).value_or(std::numeric_limits<double>::quiet_NaN());
}

EpochResult epoch_from(const Json& json) {
  EpochResult epoch{.epoch = json.at("epoch").get<std::int64_t>(),
                    .loss = number_or_nan(json.at("loss")),
                    .train_error = number_or_none(json.at("train_error")),
                    .test_error = number_or_none(json.at("test_error")),
                    .seconds = number_or_nan(json.at("seconds"))};
  if (json.contains("val_error")) {
    epoch.val_error = number_or_nan(json.at("val_error"));
  }
  if (json.contains("metrics")) {
    for (const auto& [name, value] : json.at("metrics").items()) {
      epoch.metrics[name] = number_or_nan(value);
    }
  }
  return epoch;
}

Json values_json(const PerWorker& quantity) {
  Json values = Json::array();
  for (const std::optional<double>& value : quantity.values) {
    values.push_back(number_or_null(value));
  }
  return values;
}

PerWorker per_worker_from(const Json& json) {
  PerWorker quantity{.mean = number_or_none(json.at("mean"))};
  for (const Json& value : json.at("values")) {
    quantity.values.push_back(number_or_none(value));
  }
  return quantity;
}

RunPlace place_from(const Json& json) {
  return {.host = json.at("host").get<std::string>(),
          .processor = json.at("processor").get<std::string>(),
          .cores = json.at("cores").get<int>(),
          .memory_bytes = json.at("memory_bytes").get<std::int64_t>(),
          .torch = json.at("torch").get<std::string>(),
          .dga = json.at("dga").get<std::string>()};
}

[[noreturn]] void fail(const std::string& place, const std::string& expected,
                       const std::string& found) {
  throw StorageError(str(place, ": expected ", expected, ", found ", found,
                         ". Restore the file, or read it with the dga that wrote it."));
}

/// The error's text without the leading "[json.exception.…] ".
std::string reason(const Json::exception& error) {
  const std::string text = error.what();
  const std::size_t end = text.find("] ");
  return end == std::string::npos ? text : text.substr(end + 2);
}

}  // namespace

std::string to_json(const EpochResult& epoch) {
  return line_text(epoch_json(epoch));
}

std::string to_json(const RunResults& results) {
  Json epochs = Json::array();
  for (const EpochResult& epoch : results.epochs) {
    epochs.push_back(epoch_json(epoch));
  }
  Json json{
      {"schema", kSchema},
      {"engine", results.engine},
      {"workers", results.workers},
      {"workers_changed", json_of(results.workers_changed)},
      {"carriers", results.carriers},
      {"coalesced", results.coalesced},
      {"seed", results.seed},
      {"order",
       {{"shard", results.order}, {"window", results.window > 0 ? Json(results.window) : Json()}}},
      {"samples", {{"train", results.train_samples}, {"test", results.test_samples}}},
      {"time",
       {{"unit", "s"},
        {"mean", number_or_null(results.time.mean)},
        {"values", values_json(results.time)},
        {"compute", results.compute_seconds},
        {"reduce", results.reduce_seconds},
        {"wait", results.wait_seconds},
        {"data", results.data_seconds}}},
      {"error",
       {{"mean", number_or_null(results.error.mean)}, {"values", values_json(results.error)}}},
      {"epochs", epochs},
      {"best_epoch", results.best_epoch},
      {"stopped", results.stopped},
      {"stopped_early", results.stopped_early},
      {"steps", results.steps},
      {"skipped_steps", results.skipped_steps},
      {"restarts", results.restarts},
      {"step_seconds", {{"median", number_or_null(results.median_step_seconds)}}},
      {"startup_seconds", number_or_null(results.startup_seconds)},
      {"wall_seconds", number_or_null(results.wall_seconds)},
      {"weights_sha256", results.weights_sha256},
      {"machine",
       {{"host", results.machine.host},
        {"processor", results.machine.processor},
        {"cores", results.machine.cores},
        {"memory_bytes", results.machine.memory_bytes},
        {"torch", results.machine.torch},
        {"dga", results.machine.dga}}}};
  if (results.validation_samples > 0) {
    json["samples"]["validation"] = results.validation_samples;
    json["val_error"] = number_or_null(results.val_error);
  }
  return file_text(json);
}

RunResults run_results_from_json(std::string_view text, const std::string& path) {
  const std::string place = str("[storage] ", path);
  try {
    const Json json = Json::parse(text);
    if (const Json& schema = json.at("schema"); schema != kSchema) {
      fail(place, str("schema ", kSchema), line_text(schema));
    }
    RunResults results;
    results.engine = json.at("engine").get<std::string>();
    results.workers = json.at("workers").get<int>();
    if (json.contains("workers_changed")) {
      results.workers_changed = workers_changes_from(json.at("workers_changed"));
    }
    results.carriers = json.value("carriers", 0);
    results.coalesced = json.value("coalesced", false);
    results.seed = json.at("seed").get<std::uint64_t>();
    if (json.contains("order")) {
      const Json& order = json.at("order");
      results.order = order.at("shard").get<std::string>();
      results.window = order.at("window").is_null() ? 0 : order.at("window").get<std::int64_t>();
    }
    results.train_samples = json.at("samples").at("train").get<std::int64_t>();
    results.test_samples = json.at("samples").at("test").get<std::int64_t>();
    results.validation_samples = json.at("samples").value("validation", std::int64_t{0});
    if (json.contains("val_error")) {
      results.val_error = number_or_nan(json.at("val_error"));
    }
    results.time = per_worker_from(json.at("time"));
    results.compute_seconds = json.at("time").value("compute", std::vector<double>());
    results.reduce_seconds = json.at("time").value("reduce", std::vector<double>());
    results.wait_seconds = json.at("time").value("wait", std::vector<double>());
    results.data_seconds = json.at("time").value("data", std::vector<double>());
    results.error = per_worker_from(json.at("error"));
    for (const Json& epoch : json.at("epochs")) {
      results.epochs.push_back(epoch_from(epoch));
    }
    results.best_epoch = json.value("best_epoch", std::int64_t{0});
    results.stopped = json.value("stopped", false);
    results.stopped_early = json.value("stopped_early", false);
    results.steps = json.at("steps").get<std::int64_t>();
    results.skipped_steps = json.value("skipped_steps", std::int64_t{0});
    results.restarts = json.value("restarts", 0);
    results.median_step_seconds = number_or_nan(json.at("step_seconds").at("median"));
    results.startup_seconds = number_or_nan(json.at("startup_seconds"));
    results.wall_seconds = number_or_nan(json.at("wall_seconds"));
    results.weights_sha256 = json.at("weights_sha256").get<std::string>();
    if (json.contains("machine")) {
      results.machine = place_from(json.at("machine"));
    }
    return results;
  } catch (const Json::exception& error) {
    fail(place, "the results of a run", reason(error));
  }
}

std::vector<EpochResult> epochs_from_json_lines(std::string_view text, const std::string& path) {
  std::vector<EpochResult> epochs;
  std::int64_t line = 0;
  while (true) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      return epochs;
    }
    ++line;
    try {
      epochs.push_back(epoch_from(Json::parse(text.substr(0, end))));
    } catch (const Json::exception& error) {
      fail(str(path, ":", line), "one epoch of a run", reason(error));
    }
    text.remove_prefix(end + 1);
  }
}

}  // namespace dga
