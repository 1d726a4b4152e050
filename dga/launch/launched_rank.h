// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <optional>

namespace dga {

/// This process's number among those that an MPI launcher started together, as its environment
/// says; none without one. Known before MPI is initialised and after it failed, which is when
/// errors are printed.
std::optional<int> launched_rank() noexcept;

}  // namespace dga
