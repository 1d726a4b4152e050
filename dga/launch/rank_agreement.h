// SPDX-License-Identifier: Apache-2.0
//
// Agreement of MPI ranks: they compare what must be the same before they work together, and an
// error of one rank becomes the error of all. With other engines, and for a single rank, there is
// nothing to compare.

#pragma once

#include <exception>
#include <functional>

#include "dga/launch/launch_options.h"

namespace dga {

/// Engine mpi: waits until all ranks call this function, `launch` or `fail_together`, and throws
/// InvalidArgument on every rank, with the same text, unless all have the same `options` and
/// `options.facts`, version of dga, and environment variables that change results. Processors that
/// choose different kernels are a warning on rank 0. `launch` does the same first. Collective;
/// throws WorkerFailure if a rank does not arrive in time.
void agree(const LaunchOptions& options);

/// For a rank that cannot go on because of `error`, while the others go to the next `agree` or
/// `launch`: throws on all of them the error of the lowest rank that failed. Throws `error` itself
/// with other engines, and if the other ranks do not arrive in time.
[[noreturn]] void fail_together(const LaunchOptions& options, const std::exception_ptr& error);

/// Whether this process has begun to wait for the other ranks at least once.
bool has_met_ranks() noexcept;

/// Runs `work` on rank 0 of an MPI job and returns its result on every rank; a process that is not
/// one of several ranks just runs it. `work` must not throw. Throws as `agree` does, which it calls
/// first.
int on_first_rank(const LaunchOptions& options, const std::function<int()>& work);

/// Engine mpi: runs `work` on rank 0 while the other ranks wait, which may then use what it has
/// stored. Returns whether this rank has run it. If it throws, all ranks throw its error. The work
/// has a thread of its own and any time; meanwhile rank 0 tells the others every second that it
/// lives, and a rank that hears nothing for options.timeout_s throws WorkerFailure. Throws as
/// `agree` does, which it calls first. A process that is not one of several ranks, and every one
/// with another engine, runs the work itself.
bool first_rank_first(const LaunchOptions& options, const std::function<void()>& work);

}  // namespace dga
