// SPDX-License-Identifier: Apache-2.0
//
// Progress of a run on standard output.

#pragma once

#include <memory>
#include <string>

#include "dga/options/progress.h"
#include "dga/train/train_run.h"

namespace dga {

/// On a terminal that can redraw a line: a bar with rate and time left, redrawn in place.
/// Elsewhere: a line for each epoch. Quiet: nothing. No escape codes are printed, so NO_COLOR needs
/// no special case.
std::unique_ptr<Progress> make_console_progress(bool quiet);

/// Erases the bar, which may stand on the terminal when a run ends early. Elsewhere does nothing.
void erase_bar();

/// Prints the results of a run and its folder.
void print_summary(const RunSummary& run);

}  // namespace dga
