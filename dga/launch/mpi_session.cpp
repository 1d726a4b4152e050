// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/mpi_session.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "dga/base/error.h"
#include "dga/comm/mpi/mpi_check.h"
#include "dga/launch/launch.h"
#include "dga/launch/supervised.h"

namespace dga {

MpiSession& MpiSession::get() {
  static MpiSession session;
  return session;
}

MpiSession::MpiSession() : process_(getpid()) {
  end_with_launcher();
  int initialized = 0;
  check_mpi(MPI_Initialized(&initialized), "MPI_Initialized");
  if (initialized == 0) {
    int provided = 0;
    check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided),
              "MPI_Init_thread");
    check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &end_), "MPI_Comm_dup");
    ours_ = true;
  }
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  created = true;
}

MpiSession::~MpiSession() {
  if (getpid() != process_) {
    return;
  }
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (finalized != 0) {
    return;
  }
  if (on_exit_) {
    on_exit_();
    failed_ = true;
  }
  // After a failure no rank calls MPI_Finalize: the MPI launcher sees a rank that ends without it
  // and ends the others. If some ranks are inside MPI_Finalize while others end without it, they
  // crash and Open MPI's mpirun hangs (6 of 120 runs). That is why a worker that has returned waits
  // until it knows how the others ended, and why this destructor waits for all ranks before it
  // finalises. MPI_Abort on several ranks at once has hung mpirun too. After a failure the ranks
  // end one after the other, so that mpirun can handle each before the next.
  if (ours_ && !failed_) {
    wait_for_the_end_of_all();
    MPI_Finalize();
  } else if (ours_) {
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(300 * rank_, 1500)));
  }
}

/// No timeout, because other ranks may still have much work to do. If one of them never arrives,
/// the MPI launcher ends this process.
void MpiSession::wait_for_the_end_of_all() const noexcept {
  MPI_Request request = MPI_REQUEST_NULL;
  int done = MPI_Ibarrier(end_, &request) == MPI_SUCCESS ? 0 : 1;
  while (done == 0 && MPI_Test(&request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

MpiSession::WorkerScope::WorkerScope(std::function<void()> on_exit) {
  get().on_exit_ = std::move(on_exit);
}

MpiSession::WorkerScope::~WorkerScope() {
  get().on_exit_ = nullptr;
}

MPI_Comm all_ranks(const LaunchOptions& options) {
  int finalized = 0;
  MPI_Finalized(&finalized);
  DGA_CHECK(finalized == 0,
            "[launch] engine mpi: expected MPI to be usable, found that the program has called "
            "MPI_Finalize. Call launch before it.");
  DGA_CHECK(!MpiSession::get().runs_worker(),
            "[launch] engine mpi: expected a call outside of workers, found one inside a worker. "
            "Use the worker's Environment, or engine threads with each_rank_alone.");
  if (options.mpi_comm == nullptr) {
    return MPI_COMM_WORLD;
  }
  const auto comm = *static_cast<MPI_Comm*>(options.mpi_comm);
  DGA_CHECK(comm != MPI_COMM_NULL,
            "[launch] mpi_comm: expected a communicator, found MPI_COMM_NULL. Call launch only on "
            "ranks that are in it.");
  return comm;
}

void end_without_others() noexcept {
  if (MpiSession::exists()) {
    MpiSession::get().set_failed();
  }
}

}  // namespace dga
