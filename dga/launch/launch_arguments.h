// SPDX-License-Identifier: Apache-2.0
//
// launch_arguments: LaunchOptions from the command line of a program.

#pragma once

#include "dga/launch/launch_options.h"

namespace dga {

/// Takes `--engine NAME`, `--workers N`, `--seed N` and `--timeout SECONDS` (also `--engine=NAME`)
/// out of the arguments and leaves all others, in their order; those after `--` are left alone.
/// `defaults` holds where an argument is missing, but for the workers under MPI, of which there are
/// as many as ranks.
///
///     int main(int argc, char** argv) {
///       dga::launch(dga::launch_arguments(argc, argv, {.workers = 4}), train);
///     }
///
/// Throws InvalidArgument for a value that is missing or makes no sense.
LaunchOptions launch_arguments(int& argc, char** argv, LaunchOptions defaults = {});

}  // namespace dga
