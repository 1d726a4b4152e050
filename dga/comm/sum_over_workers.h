// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string_view>
#include <vector>

#include "dga/comm/communicator.h"
#include "dga/comm/worker_blocks.h"

namespace dga {

/// Adds up numbers of all workers along the fixed tree over the workers, whatever carries them.
/// `own`: the numbers of each worker that this rank of `carriers` carries, one worker after the
/// other, as many of each. Returns the sums, the same on every rank. Collective; blocks.
std::vector<double> sum_over_workers(const Communicator& carriers, const WorkerBlocks& blocks,
                                     std::vector<double> own, std::string_view label);

}  // namespace dga
