// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dga/data/data_summary.h"
#include "dga/options/run_options.h"
#include "dga/storage/run_results.h"

namespace dga {

/// Every option by its name, in the order of the table, as a JSON object with a final newline. A 0
/// that has a keyword (Option::zero_word) is written as the keyword, such as "auto" or "off".
std::string to_json(const RunOptions& options);

/// The key of config.json that holds the summary of the data. No option has this name.
inline constexpr std::string_view kSummaryKey = "dataset";

/// The key of config.json that lists how the number of workers has changed, if it has.
inline constexpr std::string_view kWorkersChangedKey = "workers_changed";

/// The text of config.json: the options as above, the changes of the number of workers, and the
/// summary of the data.
std::string to_json(const RunOptions& options, const std::vector<WorkersChange>& workers_changed,
                    const DataSummary& data);

/// Reads the options that to_json wrote; missing ones have their defaults. Throws InvalidArgument,
/// with `path` as the place, for text that is not a JSON object, an unknown name, and a value of
/// another type or out of bounds.
RunOptions run_options_from_json(std::string_view text, const std::string& path);

}  // namespace dga
