// SPDX-License-Identifier: Apache-2.0
//
// Checked MPI calls. Only mpi_*.cpp files include this.

#pragma once

#include <mpi.h>

#include <array>
#include <climits>
#include <cstdint>
#include <string>

#include "dga/base/error.h"

namespace dga {

/// Throws Error with MPI's own words unless `code` is MPI_SUCCESS.
inline void check_mpi(int code, const char* call) {
  if (code != MPI_SUCCESS) {
    std::array<char, MPI_MAX_ERROR_STRING + 1> text{};
    int length = 0;
    MPI_Error_string(code, text.data(), &length);
    throw Error(str("[mpi] ", call, ": ", text.data()));
  }
}

/// MPI counts are ints.
inline int mpi_count(std::int64_t bytes) {
  if (bytes > INT_MAX) {
    throw Error(str("[mpi] expected messages of at most ", INT_MAX, " bytes, found ", bytes, "."));
  }
  return static_cast<int>(bytes);
}

}  // namespace dga
