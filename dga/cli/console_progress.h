// SPDX-License-Identifier: Apache-2.0
//
// Progress of a run on standard output.

#pragma once

#include <memory>
#include <string>

#include "dga/options/progress.h"

namespace dga {

/// Whether standard output is a terminal. False under an MPI launcher, which gives rank 0 a
/// terminal even if the launcher's own output is not one.
bool prints_to_terminal() noexcept;

/// On a terminal: a bar with rate and time left, redrawn in place. Elsewhere: a line for each
/// epoch. Quiet: nothing.
std::unique_ptr<Progress> make_console_progress(bool quiet);

/// Prints the results of a run and its folder.
void print_summary(const RunResults& results, const std::string& folder);

}  // namespace dga
