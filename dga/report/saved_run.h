// SPDX-License-Identifier: Apache-2.0
//
// SavedRun: the contents of a run's files, also of a run that has not ended.

#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dga/data/data_summary.h"
#include "dga/storage/run_results.h"

namespace dga {

struct SavedRun {
  std::string folder = {};
  std::string name = {};                                          // last part of the path
  std::vector<std::pair<std::string, std::string>> options = {};  // name, value as JSON
  std::optional<DataSummary> data = {};  // none: not in config.json, as in older versions
  std::vector<EpochResult> epochs = {};
  std::optional<RunResults> results = {};  // none: it has not ended, or failed

  /// The value of the option `wanted`; none if the run has no such option.
  std::optional<std::string> option(std::string_view wanted) const;
  /// The epoch, from 1, whose weights were saved because it was the best. None when the weights of
  /// the last epoch were saved, or none yet.
  std::optional<std::int64_t> best_epoch() const;
};

/// The names of all metrics in the epochs of `runs`.
std::set<std::string> metric_names(std::span<const SavedRun> runs);

/// Reads config.json, metrics.jsonl and results.json of `folder`. Up to two of them may be missing.
/// Throws StorageError when all are missing, or one is damaged or not as
/// the folder's manifest.json says.
SavedRun read_run(const std::string& folder);

}  // namespace dga
