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
/// Throws InvalidArgument for wrong options, and as check_engine does. If a worker throws or dies,
/// launch throws WorkerFailure with a text that names the worker and its error, once all other
/// workers have ended. Waiting workers end at once, computing workers at their next wait. Worker
/// processes that still run 0.7 s after the failure are killed. With `max_restarts` the workers are
/// started again instead, and call `worker` from its beginning.
///
/// Engine `threads`: the workers are threads of this process and share its variables.
///
/// Engine `processes`: the workers are child processes. If this process has only one thread, launch
/// forks them, and they start with copies of its variables. If it has several threads, forking
/// would be unsafe. Each worker then executes this program again with the same arguments: its
/// `main` runs up to this call of launch, which runs `worker` and ends the process. On the way
/// there, earlier calls of launch run nothing, and return or throw as they did in this process. If
/// `worker_program` is set, the workers execute that program instead.
///
/// Carriers: if `options.carriers` is below the number of workers, or MPI has started fewer ranks,
/// each carrier runs the function of several workers in threads of its own, one at a time: a worker
/// that waits for others in a call of dga hands on to the next. The workers of a carrier share the
/// variables of its process.
///
/// Engine `mpi`: this process is one of the workers, and `worker` runs once, in the calling thread,
/// if there are as many ranks as workers.
/// Collective over all ranks: each rank must call launch, and waits for the others up to the
/// timeout. Options, facts and environments that differ between ranks are an InvalidArgument on all
/// of them, before any worker starts.
void launch(const LaunchOptions& options, const Worker& worker);

/// The same for functions that take turns for several workers each, without threads for them: runs
/// `work` once on every carrier, with an Environment whose `world` is the carriers and whose
/// `blocks()` says which workers each of them carries. Also on several nodes.
void launch_carriers(const LaunchOptions& options, const Worker& work);

/// Under MPI: call it before exiting because of an error on this rank only. The process then exits
/// without waiting for the other ranks and without MPI_Finalize, so the MPI launcher kills the job.
/// Does nothing with other engines.
void end_without_others() noexcept;

/// `engine`, or for Engine::automatic the engine to use in this process: mpi if an MPI launcher has
/// started it, otherwise threads.
Engine resolve_engine(Engine engine);

/// Throws InvalidArgument for the engines threads and processes if an MPI launcher has started
/// other ranks beside this process: each would do the whole work.
void check_engine(Engine engine);

/// Whether dga executed this process as a worker; see launch.
bool is_relaunched_worker() noexcept;

}  // namespace dga
