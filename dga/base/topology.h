// SPDX-License-Identifier: Apache-2.0
//
// Topology: the cores this process may use (hwloc, and the container's CPU quota).

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dga {

/// Cores that this process may run on, less what a container's CPU quota takes away; at least 1.
int usable_cores();

/// The processing units this process may run on, one bit each.
std::vector<std::uint64_t> allowed_units();

/// Binds the calling thread to the `index`-th of the cores this process may run on, spread over the
/// machine. Does nothing where the system does not allow it.
void pin_to_core(int index);

/// "2 cores (2 usable), 1 NUMA node, 23.5 GiB"
std::string describe_machine();

}  // namespace dga
