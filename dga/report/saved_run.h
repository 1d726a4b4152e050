// SPDX-License-Identifier: Apache-2.0
//
// SavedRun: what the files of a run say, whether or not it has come to its end.

#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dga/storage/run_results.h"

namespace dga {

struct SavedRun {
  std::string folder = {};
  std::string name = {};                                          // last part of the folder's path
  std::vector<std::pair<std::string, std::string>> options = {};  // name, value as JSON
  std::vector<EpochResult> epochs = {};
  std::optional<RunResults> results = {};  // none: the run has not ended, or failed

  /// The value of one, if the run had it.
  std::optional<std::string> option(std::string_view wanted) const;
  /// The epoch whose weights were saved because it was the best, counted from 1; none where they
  /// are simply those of the last one, or of none yet.
  std::optional<std::int64_t> best_epoch() const;
};

/// The names of the metrics that any epoch of these has.
std::set<std::string> metric_names(std::span<const SavedRun> runs);

/// Reads config.json, metrics.jsonl and results.json of `folder`; two of them may be missing.
/// Throws StorageError when none is there, or one is damaged.
SavedRun read_run(const std::string& folder);

}  // namespace dga
