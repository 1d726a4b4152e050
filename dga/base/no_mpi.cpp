// SPDX-License-Identifier: Apache-2.0
//
// The twin of mpi_version.cpp where dga was built without MPI.

#include "dga/base/build_info.h"

namespace dga {

std::string mpi_version() {
  return {};
}

}  // namespace dga
