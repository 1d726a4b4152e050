// SPDX-License-Identifier: Apache-2.0
//
// RunRecord: what the files of a run say, whether or not it has come to its end.

#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dga/storage/run_results.h"

namespace dga {

struct RunRecord {
  std::string folder = {};
  std::string name = {};                                          // last part of the folder's path
  std::vector<std::pair<std::string, std::string>> options = {};  // name, value as JSON
  std::vector<EpochResult> epochs = {};
  std::optional<RunResults> results = {};  // none: the run has not ended, or failed
};

/// Reads config.json, metrics.jsonl and results.json of `folder`; two of them may be missing.
/// Throws StorageError when none is there, or one is damaged.
RunRecord read_run(const std::string& folder);

}  // namespace dga
