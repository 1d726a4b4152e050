// SPDX-License-Identifier: Apache-2.0
//
// Replaces mpi_launcher.cpp in a build without MPI.

#include "dga/base/error.h"
#include "dga/launch/launch.h"
#include "dga/launch/launchers.h"

namespace dga {

void launch_mpi(const LaunchOptions&, const Worker&) {
  throw Error(
      "[launch] engine mpi: expected a build of dga with MPI, found one without. Install an MPI-3 "
      "library (Debian: libopenmpi-dev) and build again with -DDGA_MPI=ON.");
}

void end_without_others() noexcept {}

}  // namespace dga
