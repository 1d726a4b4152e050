// SPDX-License-Identifier: Apache-2.0
//
// Replaces the sources that call MPI in a build without it. Ranks then know nothing of each other.

#include "dga/base/error.h"
#include "dga/launch/launch.h"
#include "dga/launch/launched_rank.h"
#include "dga/launch/launchers.h"
#include "dga/launch/rank_agreement.h"

namespace dga {

void launch_mpi(const LaunchOptions&, Seating, const Worker&) {
  throw Error(
      "[launch] engine mpi: expected a build of dga with MPI, found one without. Install an MPI-3 "
      "library (Debian: libopenmpi-dev) and build again with -DDGA_MPI=ON.");
}

void end_without_others() noexcept {}

void agree(const LaunchOptions&) {}

void fail_together(const LaunchOptions&, const std::exception_ptr& error) {
  std::rethrow_exception(error);
}

bool has_met_ranks() noexcept {
  return false;
}

int on_first_rank(const LaunchOptions&, const std::function<int()>& work) {
  return launched_rank().value_or(0) == 0 ? work() : 0;
}

bool first_rank_first(const LaunchOptions&, const std::function<void()>& work) {
  work();
  return true;
}

}  // namespace dga
