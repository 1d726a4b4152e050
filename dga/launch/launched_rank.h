// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <optional>

namespace dga {

/// This process's rank according to the environment variables of the MPI launcher, or nothing if no
/// MPI launcher has started it. Does not need MPI, so it also works before MPI is initialised and
/// after it has failed.
std::optional<int> launched_rank() noexcept;

}  // namespace dga
