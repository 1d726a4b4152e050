// SPDX-License-Identifier: Apache-2.0
//
// train_run: a whole run, from options to a folder with its results.

#pragma once

#include <memory>
#include <string>

#include "dga/options/progress.h"
#include "dga/options/run_options.h"
#include "dga/storage/run_results.h"
#include "dga/train/plan.h"
#include "dga/train/train_extras.h"

namespace dga {

struct RunSummary {
  RunResults results = {};
  std::string folder = {};  // where the files are
};

/// Checks the options, loads the data, and trains. Under MPI every rank calls it and gets the same
/// answer.
///
/// Throws InvalidArgument for options that cannot work, DataError for data that cannot be read,
/// StorageError when the folder cannot be written to, WorkerFailure when a worker failed, and
/// Interrupted when a StopSignal stopped the run. Unless an epoch was finished before, nothing is
/// left in the folder then; otherwise whole files are.
///
/// With the processes engine the workers are forked, so call it before torch has started threads;
/// where there are threads already the program is executed again instead (see launch), and a worker
/// there finds nothing in the answers of runs before its own.
RunSummary train_run(const RunOptions& options, Progress& progress);

/// The same for a plan that was made before, with what options cannot say.
RunSummary train_plan(const TrainPlan& plan, Progress& progress, const TrainExtras& extras = {});

/// The whole main of a program that is run as worker processes (LaunchOptions::worker_program):
/// takes part in the run that it was started for. Throws Error in a process that was not started as
/// a worker.
void train_as_worker();

}  // namespace dga
