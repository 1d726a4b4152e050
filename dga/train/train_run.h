// SPDX-License-Identifier: Apache-2.0
//
// train_run: a complete run, from options to a results folder.

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
  std::string folder = {};  // of the files
  DataSummary data = {};
};

/// Checks the options, loads the data, and trains. Under MPI every rank calls it and gets the same
/// summary.
///
/// Throws InvalidArgument for options that cannot work, DataError for data that cannot be read,
/// StorageError when the folder cannot be written to, Error when the run would need more memory
/// than a machine has left, WorkerFailure when a worker failed, and Interrupted when a StopSignal
/// stopped the run: Preempted, if there is a checkpoint from which it goes on. The folder then
/// holds all files of a run, with the model and the results of the finished epochs; after other
/// errors it keeps the epochs that were finished. Without a finished epoch or a checkpoint, all
/// files of the run are removed.
///
/// With the processes engine, call it before torch starts threads: then the workers are forked. In
/// a program with threads, the program is executed again for each worker (see launch). In such a
/// worker, earlier runs do not run again: they return what is in their folders, or throw what they
/// threw.
RunSummary train_run(const RunOptions& options, Progress& progress);

/// The same for an existing plan, with `extras`. Throws what check_extras throws, too.
RunSummary train_plan(const TrainPlan& plan, Progress& progress, const TrainExtras& extras = {});

/// The main of a worker program (LaunchOptions::worker_program): takes part in the run for which
/// the process was started. Throws Error in a process that was not started as a worker.
void train_as_worker();

}  // namespace dga
