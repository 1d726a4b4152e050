// SPDX-License-Identifier: Apache-2.0
//
// Which of the processes that an MPI launcher started this is, and which of them speaks.

#pragma once

#include <optional>
#include <string_view>

namespace dga {

/// This process's number among those that an MPI launcher started together, as its environment
/// says; none without one. Known before MPI is initialised and after it failed, which is when
/// errors are printed.
std::optional<int> launched_rank() noexcept;

/// Whether this process prints what all of them have to say.
inline bool is_first_process() noexcept {
  return launched_rank().value_or(0) == 0;
}

/// The rank that reports an error which all ranks have: the first that the text does not name as
/// dead or not arrived.
int speaker_for(std::string_view error);

}  // namespace dga
