// SPDX-License-Identifier: Apache-2.0
//
// supervise: starts a program under an MPI launcher, watches it, and starts it again.

#pragma once

#include <string>
#include <vector>

namespace dga {

struct JobOptions {
  std::vector<std::string> program;  ///< with its arguments
  std::vector<std::string> launcher = {"mpirun"};
  std::string hostfile = {};  ///< empty: ranks on this machine, or where the launcher says
  /// The most ranks. 0: as many as the hosts have slots or, without a host file, as there are
  /// cores.
  int carriers = 0;
  int min_carriers = 1;  ///< with fewer the job is not started again
  int max_restarts = 0;  ///< after failures
};

/// Runs the program until it has ended for good. Returns its exit code.
///
/// After a failure it is started again, on the hosts that answer, unless Restarts says that there
/// is no use. When the host file changes, or SIGUSR1 arrives, the job saves a checkpoint (SIGUSR1
/// to its ranks) and goes on on the hosts of the file. SIGINT, SIGTERM and SIGHUP make it save a
/// checkpoint and end; a second one ends it at once.
///
/// Throws InvalidArgument for wrong options and an unusable host file, WorkerFailure for a job that
/// has failed for good, and Interrupted for one that was ended by a signal without a checkpoint.
/// Only for processes with one thread.
int supervise(const JobOptions& options);

}  // namespace dga
