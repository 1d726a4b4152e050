// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <vector>

#include "dga/launch/environment.h"
#include "dga/train/worker_times.h"

namespace dga {

/// What each worker has measured, one entry for each.
struct WorkerNumbers {
  std::vector<PhaseSeconds> seconds = {};
  std::vector<double> errors = {};  // summed over its share of the held-out samples
  std::vector<double> shares = {};  // the size of that share
  std::vector<double> losses = {};  // summed over its samples in the epoch under way
};

/// Those of all workers, from those of each carrier's workers. The same on every rank. Collective;
/// blocks.
WorkerNumbers gather_numbers(const Environment& environment, const WorkerNumbers& own);

}  // namespace dga
