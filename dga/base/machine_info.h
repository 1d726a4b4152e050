// SPDX-License-Identifier: Apache-2.0
//
// MachineInfo: host name, processor, cores and memory of this machine, for reports.

#pragma once

#include <cstdint>
#include <string>

namespace dga {

struct MachineInfo {
  std::string host = {};
  std::string processor = {};        // model name; "unknown" if the kernel does not report it
  int cores = 0;                     // usable_cores()
  std::int64_t memory_bytes = 0;     // total; 0 if the kernel does not report it
  std::int64_t available_bytes = 0;  // available at the time of the call; 0 if not reported

  bool operator==(const MachineInfo&) const = default;
};

MachineInfo machine_info();

/// The maker of the processor and its widest vector instructions, such as "Intel with AVX512". MKL,
/// oneDNN and ATen choose their kernels by these. On other architectures than x86-64 only the
/// architecture.
std::string kernel_target();

/// The host's name, or "localhost" if it has none.
std::string host_name();

}  // namespace dga
