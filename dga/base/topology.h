// SPDX-License-Identifier: Apache-2.0
//
// Topology: the cores that this process may use, according to hwloc and the container's CPU quota.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dga {

/// Number of cores that this process may run on, limited by the container's CPU quota (rounded up).
/// At least 1. Like all functions here it throws Error if hwloc cannot describe the machine.
int usable_cores();

/// `wanted`, or for 0 one thread per usable core.
int threads_or_cores(int wanted);

/// The processing units (hardware threads) that this process may run on, as a bit mask: bit b of
/// word w is unit 64 w + b.
std::vector<std::uint64_t> allowed_units();

/// Binds the calling thread to core number `index` of those that this process may run on, modulo
/// their number. Does nothing if the system does not allow it.
void pin_to_core(int index);

/// Such as "2 cores (2 usable), 1 NUMA node(s), 23.5 GiB".
std::string describe_machine();

}  // namespace dga
