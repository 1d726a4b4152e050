// SPDX-License-Identifier: Apache-2.0
//
// launch_arguments: LaunchOptions from the command line of a program.

#pragma once

#include "dga/launch/launch_options.h"

namespace dga {

/// Removes `--engine`, `--workers`, `--carriers`, `--seed` and `--timeout` with their values
/// (`--seed 7` or
/// `--seed=7`) from the arguments. Their values and bounds are those of `dga train`. Other
/// arguments keep their order, and everything after `--` stays. `defaults` supplies what is
/// missing; under MPI the default number of workers is the number of ranks.
///
///     int main(int argc, char** argv) {
///       dga::launch(dga::launch_arguments(argc, argv, {.workers = 4}), train);
///     }
///
/// Throws InvalidArgument for a value that is missing, of the wrong type or out of bounds, and then
/// leaves the arguments as they were.
LaunchOptions launch_arguments(int& argc, char** argv, LaunchOptions defaults = {});

}  // namespace dga
