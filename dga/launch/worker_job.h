// SPDX-License-Identifier: Apache-2.0
//
// WorkerJob: a run whose worker processes are another program than the one that asked for it, such
// as an interpreter, which could neither be forked nor executed again. The workers get options and
// samples through shared memory, and worker 0 tells the caller's Progress through a socket.

#pragma once

#include <functional>
#include <memory>

#include "dga/data/load.h"
#include "dga/options/progress.h"
#include "dga/options/run_options.h"

namespace dga {

/// The caller's side. Workers that are started while it lives take part in the run (they find it
/// through the environment variable DGA_WORKER_JOB); one a process at a time.
class WorkerJob {
 public:
  /// Copies the samples, once for all workers. `options` are those of the plan; `progress` is
  /// called from a thread of the job's own.
  WorkerJob(const RunOptions& options, const LoadedData& data, Progress& progress);
  ~WorkerJob();
  WorkerJob(const WorkerJob&) = delete;
  WorkerJob& operator=(const WorkerJob&) = delete;

  /// After the workers have ended: waits until `progress` was told everything, and throws what it
  /// threw.
  void finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// A worker's side of a run: trains on the data as the options say, and tells `progress`.
using JobFunction =
    std::function<void(const RunOptions& options, const LoadedData& data, Progress& progress)>;

/// The whole main of a worker program: runs `work` with the job that this process was started for,
/// in which `launch` ends the process. Throws Error in a process that was not started as a worker.
void run_worker_job(const JobFunction& work);

}  // namespace dga
