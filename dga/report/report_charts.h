// SPDX-License-Identifier: Apache-2.0
//
// What the charts of report.html show; dga/report/page/report.js reads it.

#pragma once

#include <span>
#include <string>

#include "dga/report/saved_run.h"

namespace dga {

/// One JSON text for all of `runs`, each with its title, that can stand within a script element:
/// nothing in it can end that element.
std::string chart_data(std::span<const SavedRun> runs, std::span<const std::string> titles);

}  // namespace dga
