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

/// Throws Error with MPI's description unless `code` is MPI_SUCCESS.
inline void check_mpi(int code, const char* call) {
  if (code != MPI_SUCCESS) {
    std::array<char, MPI_MAX_ERROR_STRING + 1> text{};
    int length = 0;
    MPI_Error_string(code, text.data(), &length);
    throw Error(str("[mpi] ", call, ": expected success, found \"", text.data(),
                    "\". Check the MPI installation and the network."));
  }
}

/// `bytes` as a count for MPI, whose counts are ints. Throws Error if it is too large.
inline int mpi_count(std::int64_t bytes) {
  if (bytes > INT_MAX) {
    throw Error(str("[mpi] expected messages of at most ", INT_MAX, " bytes, found ", bytes,
                    ". Send smaller messages."));
  }
  return static_cast<int>(bytes);
}

}  // namespace dga
