// SPDX-License-Identifier: Apache-2.0
//
// MachineInfo: the machine a program runs on, in the words its owner knows it by.

#pragma once

#include <cstdint>
#include <string>

namespace dga {

struct MachineInfo {
  std::string host = {};
  std::string processor = {};        // the model, "unknown" where the kernel does not say
  int cores = 0;                     // usable ones, as Topology counts them
  std::int64_t memory_bytes = 0;     // of the whole machine; 0 where the kernel does not say
  std::int64_t available_bytes = 0;  // of it, now

  bool operator==(const MachineInfo&) const = default;
};

MachineInfo machine_info();

/// "localhost" where it has none.
std::string host_name();

}  // namespace dga
