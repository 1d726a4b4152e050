// SPDX-License-Identifier: Apache-2.0
//
// Replaces mpi_version.cpp in a build without MPI.

#include "dga/base/build_info.h"

namespace dga {

std::string mpi_version() {
  return {};
}

}  // namespace dga
