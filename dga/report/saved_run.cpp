// SPDX-License-Identifier: Apache-2.0

#include "dga/report/saved_run.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "dga/base/error.h"
#include "dga/options/options_json.h"
#include "dga/storage/checked_folder.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

using Json = nlohmann::ordered_json;

/// Reads config.json. Accepts any JSON object: options of older and newer versions are shown
/// unchanged.
void add_config(SavedRun& run, const std::string& text, const std::string& path) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    throw StorageError(str("[report] ", path,
                           ": expected the options of a run, found damaged or other JSON. Was the "
                           "file changed?"));
  }
  for (const auto& [name, value] : json.items()) {
    if (name == kSummaryKey) {
      try {
        run.data = data_summary_from_json(value.dump(), "[report] " + path);
      } catch (const DataError& error) {
        throw StorageError(error.what());
      }
    } else {
      run.options.emplace_back(
          name, value.is_string() ? value.get<std::string>()
                                  : value.dump(-1, ' ', false, Json::error_handler_t::replace));
    }
  }
}

/// The last part of the path, also for "." and "runs/x/".
std::string name_of(const std::string& folder) {
  return file_name(StorePath(folder).canonical());
}

}  // namespace

std::optional<std::string> SavedRun::option(std::string_view wanted) const {
  for (const auto& [key, value] : options) {
    if (key == wanted) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<std::int64_t> SavedRun::best_epoch() const {
  if (!results || results->best_epoch == 0) {
    return std::nullopt;
  }
  const bool chosen =
      option("keep-best") == "true" || results->best_epoch != std::ssize(results->epochs);
  return chosen ? std::optional(results->best_epoch) : std::nullopt;
}

std::set<std::string> metric_names(std::span<const SavedRun> runs) {
  std::set<std::string> names;
  for (const SavedRun& run : runs) {
    for (const EpochResult& epoch : run.epochs) {
      for (const auto& [metric, value] : epoch.metrics) {
        names.insert(metric);
      }
    }
  }
  return names;
}

SavedRun read_run(const std::string& folder) {
  SavedRun run{.folder = folder, .name = name_of(folder)};
  if (const auto found = StorePath(folder).status(); !found || !found->is_folder()) {
    throw StorageError(str("[report] ", folder, ": expected the folder of a run, found ",
                           found ? "another kind of file" : "nothing",
                           ". Name a folder that dga train wrote."));
  }
  const CheckedFolder files(folder);
  const std::optional<std::string> config = files.read_if_there(kConfigFile);
  const std::optional<std::string> metrics = files.read_if_there(kMetricsFile);
  const std::optional<std::string> results = files.read_if_there(kResultsFile);
  if (!config && !metrics && !results) {
    throw StorageError(str("[report] ", folder, ": expected the folder of a run, found no ",
                           kConfigFile, ", ", kMetricsFile, " or ", kResultsFile,
                           " in it. Name a folder that dga train wrote."));
  }
  if (config) {
    add_config(run, *config, files.path(kConfigFile));
  }
  if (results) {
    run.results = run_results_from_json(*results, files.path(kResultsFile));
    run.epochs = run.results->epochs;
  }
  if (metrics) {
    run.epochs = epochs_from_json_lines(*metrics, files.path(kMetricsFile));
  }
  return run;
}

}  // namespace dga
