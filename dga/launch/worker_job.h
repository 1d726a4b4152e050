// SPDX-License-Identifier: Apache-2.0
//
// WorkerJob: a run whose worker processes are another program than the caller, for instance because
// the caller is an interpreter, which can be neither forked nor executed again. The workers receive
// options and samples through shared memory. Worker 0 reports to the caller's Progress through a
// socket.

#pragma once

#include <functional>
#include <memory>

#include "dga/data/load.h"
#include "dga/options/progress.h"
#include "dga/options/run_options.h"

namespace dga {

/// Used by the process that starts the run. Worker processes started during its lifetime read the
/// options and samples from it (see run_worker_job). They locate it through the environment
/// variable DGA_WORKER_JOB, so a process can have only one WorkerJob at a time.
class WorkerJob {
 public:
  /// Copies the samples to shared memory, once for all workers. `options`: the resolved run
  /// options. `progress` must outlive the job: the job calls it from a thread of its own. Throws
  /// Error if the system refuses memory or a socket.
  WorkerJob(const RunOptions& options, const LoadedData& data, Progress& progress);
  ~WorkerJob();
  WorkerJob(const WorkerJob&) = delete;
  WorkerJob& operator=(const WorkerJob&) = delete;

  /// Call it after the workers have ended. Waits until `progress` has received all reports, and
  /// rethrows what `progress` has thrown.
  void finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The work of a worker: trains on `data` according to `options` and reports to `progress`.
using JobFunction =
    std::function<void(const RunOptions& options, const LoadedData& data, Progress& progress)>;

/// The main function of a worker program: calls `work` with the data of the job. `work` must call
/// `launch`, which ends the process. Throws Error in a process that dga has not started as a
/// worker.
void run_worker_job(const JobFunction& work);

}  // namespace dga
