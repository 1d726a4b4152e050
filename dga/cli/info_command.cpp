// SPDX-License-Identifier: Apache-2.0

#include <torch/version.h>  // macros only

#include <iomanip>
#include <iostream>
#include <sstream>

#include "dga/base/build_info.h"
#include "dga/base/machine_info.h"
#include "dga/base/topology.h"
#include "dga/cli/command.h"

namespace dga {
namespace {

std::string gibibytes(std::int64_t bytes) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << static_cast<double>(bytes) / (1 << 30) << " GiB";
  return bytes == 0 ? "unknown" : text.str();
}

/// The cores, without the memory that hwloc counts by NUMA node: the kernel's figure is the better
/// one.
std::string cores() {
  const std::string text = describe_machine();
  return text.substr(0, text.rfind(", "));
}

int print_info() {
  const std::string mpi = mpi_version();
  const MachineInfo machine = machine_info();
  std::cout << "dga        " << version() << " (" << build_description() << ")\n"
            << "engines    threads, processes" << (mpi.empty() ? "" : ", mpi") << '\n'
            << "MPI        " << (mpi.empty() ? "none: built without" : mpi) << '\n'
            << "torch      " << TORCH_VERSION << '\n'
            << "processor  " << machine.processor << '\n'
            << "cores      " << cores() << '\n'
            << "memory     " << gibibytes(machine.memory_bytes) << ", "
            << gibibytes(machine.available_bytes) << " available\n";
  return 0;
}

}  // namespace

Action add_info(CLI::App&) {
  return print_info;
}

}  // namespace dga
