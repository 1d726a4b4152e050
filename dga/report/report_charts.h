// SPDX-License-Identifier: Apache-2.0
//
// The data of the charts of report.html, which dga/report/page/report.js reads.

#pragma once

#include <span>
#include <string>

#include "dga/report/saved_run.h"

namespace dga {

/// One JSON text for all of `runs`, with a title for each. It is safe inside a script element:
/// nothing in it can end that element.
std::string chart_data(std::span<const SavedRun> runs, std::span<const std::string> titles);

}  // namespace dga
