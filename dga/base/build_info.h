// SPDX-License-Identifier: Apache-2.0
//
// How this copy of dga was built.

#pragma once

#include <string>

namespace dga {

/// The version of dga, such as "0.1.0".
std::string version();
/// Build type and compiler, such as "Release, g++ 12.2.0", and the sanitizers if there are any.
std::string build_description();
/// The MPI library in use, such as "Open MPI v4.1.4". Empty when dga was built without MPI. May be
/// called before MPI is initialised.
std::string mpi_version();

}  // namespace dga
