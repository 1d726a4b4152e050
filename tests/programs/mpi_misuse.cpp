// SPDX-License-Identifier: Apache-2.0
//
// Calls launch where MPI cannot be used, and prints what it throws.

#include <mpi.h>

#include <cstdio>

#include "dga/base/error.h"
#include "dga/launch/launch.h"

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  const auto try_launch = [](dga::LaunchOptions options) {
    try {
      options.engine = dga::Engine::mpi;
      dga::launch(options, [](dga::Environment&) {});
      std::puts("no error");
    } catch (const dga::InvalidArgument& error) {
      std::puts(error.what());
    }
  };
  MPI_Comm null = MPI_COMM_NULL;
  dga::LaunchOptions options;
  options.mpi_comm = &null;
  try_launch(options);
  MPI_Finalize();
  try_launch({});
}
