// SPDX-License-Identifier: Apache-2.0
//
// MemoryNeed: the memory that a run of a reference model is going to take, estimated from its plan.

#pragma once

#include <cstdint>
#include <string>

#include "dga/base/available_memory.h"
#include "dga/train/plan.h"
#include "dga/train/train_extras.h"

namespace dga {

/// In bytes. Counts what is taken for certain, so that no run is refused that would have fitted:
/// docs/gradients.md has the shares.
struct MemoryNeed {
  std::int64_t parameters = 0;  // their number
  double node = 0;              // all workers of one node together
  double process = 0;           // address space of one process
};

/// For a node on which `workers_on_node` of the plan's workers run, worker 0 among them. The
/// samples are not counted, because they are in memory already, except for the copy that a worker
/// program gets.
MemoryNeed memory_need(const TrainPlan& plan, const TrainExtras& extras, int carriers_on_node);

/// The error of a run that needs more memory than `available`; "" if it fits, and for a model of
/// the program's own, whose size is not known before it is built. Not collective.
std::string memory_problem(const TrainPlan& plan, const TrainExtras& extras, int carriers_on_node,
                           const AvailableMemory& available);

}  // namespace dga
