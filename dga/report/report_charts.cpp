// SPDX-License-Identifier: Apache-2.0

#include "dga/report/report_charts.h"

#include <optional>
#include <utility>

#include "dga/base/error.h"
#include "dga/storage/json_number.h"

namespace dga {
namespace {

/// Curves by epoch. Metrics are pairs, because a name could be that of a JavaScript property.
Json epochs_data(const SavedRun& run) {
  Json epochs = {{"epoch", Json::array()},       {"loss", Json::array()},
                 {"train_error", Json::array()}, {"test_error", Json::array()},
                 {"val_error", Json::array()},   {"metrics", Json::array()}};
  for (const EpochResult& epoch : run.epochs) {
    epochs["epoch"].push_back(epoch.epoch);
    epochs["loss"].push_back(number_or_null(epoch.loss));
    epochs["train_error"].push_back(number_or_null(epoch.train_error));
    epochs["test_error"].push_back(number_or_null(epoch.test_error));
    epochs["val_error"].push_back(number_or_null(epoch.val_error));
  }
  for (const std::string& name : metric_names(std::span(&run, 1))) {
    Json values = Json::array();
    for (const EpochResult& epoch : run.epochs) {
      const auto at = epoch.metrics.find(name);
      values.push_back(at == epoch.metrics.end() ? Json(nullptr) : number_or_null(at->second));
    }
    epochs["metrics"].push_back(Json::array({name, values}));
  }
  return epochs;
}

Json workers_data(const SavedRun& run) {
  Json workers = Json::object();
  if (const std::optional<RunResults>& results = run.results) {
    for (const auto& [name, values] :
         {std::pair("time", &results->time.values), std::pair("error", &results->error.values)}) {
      workers[name] = Json::array();
      for (const std::optional<double>& value : *values) {
        workers[name].push_back(number_or_null(value));
      }
    }
    workers["compute"] = results->compute_seconds;
    workers["reduce"] = results->reduce_seconds;
    workers["wait"] = results->wait_seconds;
    workers["data"] = results->data_seconds;
  }
  return workers;
}

/// JSON that cannot end the script element around it: '<' occurs only in strings, and is escaped.
std::string script_safe(const Json& json) {
  std::string out;
  for (const char c : line_text(json)) {
    out += c == '<' ? std::string("\\u003c") : std::string(1, c);
  }
  return out;
}

}  // namespace

std::string chart_data(std::span<const SavedRun> runs, std::span<const std::string> titles) {
  Json data = Json::array();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::optional<std::int64_t> best = runs[i].best_epoch();
    data.push_back({{"title", titles[i]},
                    {"best", best ? Json(*best) : Json(nullptr)},
                    {"epochs", epochs_data(runs[i])},
                    {"workers", workers_data(runs[i])}});
  }
  return script_safe(data);
}

}  // namespace dga
