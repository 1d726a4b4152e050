// SPDX-License-Identifier: Apache-2.0
//
// Descriptors 0, 1 and 2 belong to standard input, output and error, also where the caller closed
// them. A file or segment of dga's on one of them would receive what anybody prints.

#pragma once

#include <array>

namespace dga {

/// Opens /dev/null on each of the descriptors 0, 1 and 2 that is closed. For a `main`, before
/// anything else.
void open_standard_descriptors() noexcept;

/// Returns `descriptor` as it is, also -1, unless it is 0, 1 or 2. In that case, closes it and
/// returns a duplicate above 2 that has FD_CLOEXEC; if no descriptor is left, returns -1 and sets
/// errno. Wrap every call that creates a file descriptor in it: `above_standard(open(...))`.
int above_standard(int descriptor) noexcept;

/// The same for both of `descriptors`, such as those of socketpair. Returns false, with both closed
/// and errno set, if no descriptor is left.
bool move_above_standard(std::array<int, 2>& descriptors) noexcept;

/// Makes `standard`, one of 0, 1 and 2, the same file as `descriptor`. For a child process before
/// it executes another program.
void replace_standard(int standard, int descriptor) noexcept;

}  // namespace dga
