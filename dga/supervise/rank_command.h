// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

#include "dga/launch/supervised.h"

namespace dga {

/// The command that starts `program` on `ranks` ranks through `launcher`, such as {"mpirun"}, with
/// the options that Open MPI and MPICH share. With `has_hosts` it has LauncherProcess::kHostFile.
std::vector<std::string> rank_command(std::vector<std::string> launcher, int ranks, bool has_hosts,
                                      const Supervised& job,
                                      const std::vector<std::string>& program);

}  // namespace dga
