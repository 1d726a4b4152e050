// SPDX-License-Identifier: Apache-2.0
//
// MpiSession: MPI from its first use to the end of the program. Internal to the room; only
// mpi_*.cpp files include this.

#pragma once

#include <mpi.h>
#include <sys/types.h>

#include <functional>

#include "dga/launch/launch_options.h"

namespace dga {

/// MPI can be initialised and finalised only once in a process, and no launch knows whether it is
/// the last. So MPI is finalised at the end of the program, if dga has initialised it.
class MpiSession {
 public:
  static MpiSession& get();
  /// Call it after a failure. The program then ends without MPI_Finalize, which the other ranks may
  /// never reach.
  void set_failed() noexcept { failed_ = true; }
  static bool exists() noexcept { return created; }
  bool runs_worker() const noexcept { return on_exit_ != nullptr; }

  /// While a scope lives, this process runs a worker: `on_exit` is called if the program ends
  /// meanwhile, as by std::exit.
  class WorkerScope {
   public:
    explicit WorkerScope(std::function<void()> on_exit);
    ~WorkerScope();
    WorkerScope(const WorkerScope&) = delete;
    WorkerScope& operator=(const WorkerScope&) = delete;
  };

  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

 private:
  MpiSession();
  ~MpiSession();

  void wait_for_the_end_of_all() const noexcept;

  MPI_Comm end_ = MPI_COMM_NULL;  // used only by wait_for_the_end_of_all
  bool ours_ = false;
  bool failed_ = false;
  int rank_ = 0;
  std::function<void()> on_exit_;  // empty: no worker runs
  pid_t process_ = 0;              // a forked child has this object too, but no part in MPI
  static inline bool created = false;
};

/// The communicator of all ranks of a launch. Initialises MPI if nothing has.
MPI_Comm all_ranks(const LaunchOptions& options);

/// The body of `agree`, for engine mpi.
void agree_over_mpi(const LaunchOptions& options);

}  // namespace dga
