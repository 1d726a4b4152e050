// SPDX-License-Identifier: Apache-2.0
//
// Training: what each worker of a run does.

#pragma once

#include <string>

#include "dga/launch/environment.h"
#include "dga/options/progress.h"
#include "dga/storage/run_results.h"
#include "dga/train/plan.h"
#include "dga/train/result_writer.h"
#include "dga/train/shared_outcome.h"
#include "dga/train/train_extras.h"

namespace dga {

struct TrainingEnd {
  RunStatus status = RunStatus::unknown;
  std::string text = {};    // of the error, unless done
  RunResults results = {};  // on worker 0, when done
};

/// Trains as `plan` says and returns on every worker how the run ended. Worker 0 alone calls
/// `progress` and writes files through `writer`. `started`: when the run began (clock.h).
/// Collective over all workers; blocks. Throws what the accumulator throws.
TrainingEnd train_on_worker(Environment& environment, const TrainPlan& plan,
                            const TrainExtras& extras, Progress& progress, ResultWriter& writer,
                            double started);

}  // namespace dga
