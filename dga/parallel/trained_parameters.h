// SPDX-License-Identifier: Apache-2.0
//
// Which parameters of a module an accumulator trains, and how they are laid out.

#pragma once

#include "dga/comm/communicator.h"
#include "dga/mesh/parameter_layout.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/parallel/module_tensors.h"

namespace dga {

/// Checks that the modules of all workers agree in names, shapes and dtypes, and their options too,
/// and returns the module's parameters and buffers. Throws the same InvalidArgument on every worker
/// if they differ, if there is nothing to train, or if `atomic` names what does not exist.
/// Collective over `workers`; blocks.
ModuleTensors agreed_tensors(const Communicator& workers, const torch::nn::Module* module,
                             const AtomicOptimizer& atomic, const AccumulatorOptions& options);

ParameterLayout make_layout(const ModuleTensors& tensors, const WorkerBlocks& blocks,
                            const AtomicOptimizer& atomic, const AccumulatorOptions& options);

}  // namespace dga
