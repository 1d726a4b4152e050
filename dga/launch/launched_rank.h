// SPDX-License-Identifier: Apache-2.0
//
// What the environment variables of the MPI launcher say. Reading them does not need MPI, so it
// also works before MPI is initialised and after it has failed.

#pragma once

#include <optional>

namespace dga {

/// This process's rank, or nothing if no MPI launcher has started it.
std::optional<int> launched_rank() noexcept;

/// The number of ranks that the MPI launcher has started; 0 if it does not say so or there is no
/// launcher.
int launched_ranks() noexcept;

/// Whether an MPI launcher has started other ranks beside this one. Where it does not say how many
/// it has started, the answer is yes.
bool has_other_ranks() noexcept;

}  // namespace dga
