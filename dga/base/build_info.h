// SPDX-License-Identifier: Apache-2.0
//
// How this dga was built.

#pragma once

#include <string>

namespace dga {

/// "0.1.0"
std::string version();
/// "Release, g++ 12.2.0", sanitizers added where there are any.
std::string build_description();
/// The MPI library in use, "Open MPI v4.1.4"; empty when dga was built without one.
std::string mpi_version();

}  // namespace dga
