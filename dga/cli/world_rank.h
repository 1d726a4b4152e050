// SPDX-License-Identifier: Apache-2.0
//
// The rank of this process under an MPI launcher, and the rank that prints.

#pragma once

#include <string_view>

#include "dga/launch/launched_rank.h"

namespace dga {

/// Whether this process prints what all ranks would print.
inline bool is_first_process() noexcept {
  return launched_rank().value_or(0) == 0;
}

/// The rank that reports an error of all ranks: the first that the text does not name as dead or
/// missing.
int speaker_for(std::string_view error);

}  // namespace dga
