// SPDX-License-Identifier: Apache-2.0
//
// WorkerJob: a run whose worker processes are another program than the one that asked for it, such
// as an interpreter, which could neither be forked nor executed again. The workers get options and
// samples through shared memory, and worker 0 tells the caller's Progress through a socket.

#pragma once

#include <memory>

#include "dga/data/load.h"
#include "dga/launch/progress.h"
#include "dga/launch/run_options.h"

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

/// The whole of a worker program's main: takes part in the run of the job it was started for, and
/// never returns from that. Throws Error in a process that was not started so.
void run_worker_job();

}  // namespace dga
