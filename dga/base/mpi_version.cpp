// SPDX-License-Identifier: Apache-2.0

#include <mpi.h>

#include <array>
#include <string>

#include "dga/base/build_info.h"

namespace dga {

std::string mpi_version() {
  // MPI allows this call before MPI_Init. Implementations append details of their build after a
  // comma or on further lines.
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  if (MPI_Get_library_version(text.data(), &length) != MPI_SUCCESS) {
    return "unknown";
  }
  const std::string whole = text.data();
  return whole.substr(0, whole.find_first_of(",\n"));
}

}  // namespace dga
