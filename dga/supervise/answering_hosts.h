// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dga/supervise/hosts.h"

namespace dga {

/// Those of `hosts` on which `launcher` starts a program within 10 seconds. The others are named in
/// a warning. Waits that long at most: the hosts are tried at the same time. `meanwhile` is called
/// often; once it returns false, all hosts count as answering. Throws Error if the system refuses
/// the processes.
std::vector<Host> answering_hosts(const std::vector<Host>& hosts,
                                  const std::vector<std::string>& launcher,
                                  const std::function<bool()>& meanwhile);

}  // namespace dga
