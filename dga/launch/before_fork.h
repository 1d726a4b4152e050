// SPDX-License-Identifier: Apache-2.0

#pragma once

namespace dga {

/// Has `work` called before each launch that forks workers, in the process that forks them, so that
/// they inherit what each of them would otherwise do anew. `work` must start no threads and be
/// cheap when it is repeated. For constructors of static objects. May be called from any thread.
void before_fork(void (*work)());

/// Calls what `before_fork` was given, in that order. Internal to the room.
void prepare_fork();

}  // namespace dga
