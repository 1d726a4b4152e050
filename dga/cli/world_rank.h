// SPDX-License-Identifier: Apache-2.0
//
// Which of the processes that an MPI launcher started this is, and which of them speaks.

#pragma once

#include <string_view>

#include "dga/launch/launched_rank.h"

namespace dga {

/// Whether this process prints what all of them have to say.
inline bool is_first_process() noexcept {
  return launched_rank().value_or(0) == 0;
}

/// The rank that reports an error which all ranks have: the first that the text does not name as
/// dead or not arrived.
int speaker_for(std::string_view error);

}  // namespace dga
