// SPDX-License-Identifier: Apache-2.0
//
// Training: the part of a run that each worker executes.

#pragma once

#include <string>

#include "dga/launch/environment.h"
#include "dga/options/progress.h"
#include "dga/storage/run_results.h"
#include "dga/train/plan.h"
#include "dga/train/result_writer.h"
#include "dga/train/resume_point.h"
#include "dga/train/shared_outcome.h"
#include "dga/train/train_extras.h"

namespace dga {

struct TrainingEnd {
  RunStatus status = RunStatus::unknown;
  std::string text = {};    // the error, unless done
  RunResults results = {};  // on worker 0, when done, and when stopped after an epoch
};

/// Trains according to `plan`, and returns how training ended. Only worker 0 calls `progress` and
/// uses `writer`. `started`: the time at which the run started (clock.h). `resume`: where the run
/// goes on, the same on every worker; null: at the beginning. Collective over all workers; blocks.
/// Throws what GradientAccumulator throws.
TrainingEnd train_on_worker(Environment& environment, const TrainPlan& plan,
                            const TrainExtras& extras, Progress& progress, ResultWriter& writer,
                            double started, const ResumePoint* resume);

}  // namespace dga
