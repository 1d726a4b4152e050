// SPDX-License-Identifier: Apache-2.0
//
// report.html: what one run came to, or how several compare, for people. One file that needs no
// network and no other file.

#pragma once

#include <span>
#include <string>

namespace dga {

/// The page about the runs in these folders, in this order; a run that has not ended is shown as
/// far as it got. Throws StorageError for a folder that holds no run or a damaged one, and
/// InvalidArgument when there is no folder.
std::string report_html(std::span<const std::string> run_folders);

/// Writes that page to `output`, which appears whole or not at all.
void write_report(std::span<const std::string> run_folders, const std::string& output);
/// The page about one run, as report.html in its folder; answers where that is.
std::string write_report(const std::string& run_folder);

}  // namespace dga
