// SPDX-License-Identifier: Apache-2.0
//
// launch: runs one function on many workers.

#pragma once

#include <functional>

#include "dga/launch/environment.h"
#include "dga/launch/launch_options.h"

namespace dga {

using Worker = std::function<void(Environment&)>;

/// Runs `worker` on every worker and returns when all have returned.
///
/// Throws the error of the first worker that failed (WorkerFailure naming it, or what it threw),
/// after all others have ended. Waits of theirs end at once, computations when they next talk.
///
/// threads: the workers are threads of this process and share its variables.
/// processes: the workers are children. Where this process has one thread only they are forked, and
/// see copies of its variables; otherwise (a thread pool is already running, so a fork would be
/// unsafe) the program is executed again for each worker: its `main` runs once more up to the same
/// call of launch, which then runs `worker` and ends the process. Earlier launches are skipped
/// there. With `worker_program` that program is executed instead. mpi: this process already is one
/// of the workers; every rank must call launch, and waits for the others to come for as long as it
/// would wait for a worker. `worker` runs once, here, and launch returns on every rank.
void launch(const LaunchOptions& options, const Worker& worker);

/// Under MPI, for a program that is about to end for a reason that the other ranks may not share:
/// at its end it will not wait for them, so that the MPI launcher sees it go and ends them. Does
/// nothing elsewhere.
void end_without_others() noexcept;

/// The engine that Engine::automatic stands for in this process.
Engine resolve_engine(Engine engine);

/// True in a process that was executed again as a worker, before it reaches its launch.
bool is_relaunched_worker() noexcept;

}  // namespace dga
