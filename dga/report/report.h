// SPDX-License-Identifier: Apache-2.0
//
// report.html: the results of one run, or a comparison of several, as charts and tables. One file
// that needs no network and no other file.

#pragma once

#include <span>
#include <string>

namespace dga {

/// Returns the page for the runs in these folders, in this order. A run that has not ended is shown
/// up to its last epoch. Throws StorageError for a folder without a run or with a damaged one, and
/// InvalidArgument without folders.
std::string report_html(std::span<const std::string> run_folders);

/// Writes the page to `output`, which appears whole or not at all. Also throws StorageError when it
/// cannot be written.
void write_report(std::span<const std::string> run_folders, const std::string& output);
/// Writes the page of one run to report.html in its folder, and returns the path.
std::string write_report(const std::string& run_folder);

}  // namespace dga
