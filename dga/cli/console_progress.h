// SPDX-License-Identifier: Apache-2.0
//
// How far a run is, on standard output.

#pragma once

#include <memory>
#include <string>

#include "dga/options/progress.h"

namespace dga {

/// Whether standard output is a terminal of this program's own. MPI launchers give rank 0 one that
/// is theirs, whatever their own output is.
bool prints_to_terminal() noexcept;

/// On a terminal: a bar with rate and time left, redrawn in place. Elsewhere: a line an epoch.
/// Quiet: nothing.
std::unique_ptr<Progress> make_console_progress(bool quiet);

/// What the run came to, and where its files lie.
void print_summary(const RunResults& results, const std::string& folder);

}  // namespace dga
