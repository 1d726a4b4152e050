// SPDX-License-Identifier: Apache-2.0
//
// AvailableMemory: the memory that a run may still take. It is compared with an estimate before the
// memory is taken, because the kernel kills processes that take too much instead of refusing it.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace dga {

struct AvailableMemory {
  /// For all processes of this machine, or of this process's cgroup, together: what the kernel
  /// reports as available, with free swap space.
  std::int64_t machine = 0;
  /// Whether the limit of a cgroup (a container, a batch job) decides `machine`.
  bool limited_by_cgroup = false;
  /// For the address space of this process alone (ulimit -v); unset without a limit.
  std::optional<std::int64_t> address_space = {};
};

/// As of now. `root`: the folder in which /proc and /sys are, for tests.
AvailableMemory available_memory(const std::string& root = "");

/// "512 MiB", "3.2 GiB", "7.3 TiB", for bytes of at least 0.
std::string memory_text(double bytes);

}  // namespace dga
