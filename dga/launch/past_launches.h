// SPDX-License-Identifier: Apache-2.0
//
// Past launches: how the launches of this program ended. A worker for which the program is executed
// again comes to the launches before its own, too. They must not run again, and must end as they
// did, because what the program does next may depend on it.

#pragma once

#include <functional>
#include <string>

namespace dga {

/// Runs `work`, which launches workers at most once, and returns its result, a note for the workers
/// of later launches. In such a worker: returns the note, or throws the error with which `work`
/// ended (of the same type, or an Error), without running it. Within another call of this thread it
/// only runs `work`. Every worker of a program must come to these calls in the same order.
std::string remember_launch(const std::function<std::string()>& work);

/// Within `work`: the number of earlier calls of remember_launch in this program. Internal to the
/// room.
int launch_index() noexcept;
/// How they ended, for RelaunchSeat::past. Internal to the room.
std::string past_launches();

}  // namespace dga
