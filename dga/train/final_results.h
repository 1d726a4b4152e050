// SPDX-License-Identifier: Apache-2.0
//
// Final results: what a run reports and writes when training has ended.

#pragma once

#include "dga/launch/environment.h"
#include "dga/storage/model_card.h"
#include "dga/storage/run_results.h"
#include "dga/train/plan.h"
#include "dga/train/result_writer.h"
#include "dga/train/worker_numbers.h"

namespace torch::nn {
class Module;
}

namespace dga {

/// The facts of the run, and the times and errors of all workers. `error_unit`: the factor that
/// converts an error to the units of the data.
RunResults results_of_workers(const Environment& environment, const TrainPlan& plan,
                              const WorkerNumbers& all, double error_unit);

/// Writes the model, `results` with the wall time since `started` (clock.h), the manifest, and the
/// report. The writer keeps the error if one of the first three fails. Called by worker 0.
void write_final_results(ResultWriter& writer, const torch::nn::Module& module,
                         const ModelCard& card, double started, RunResults& results);

}  // namespace dga
