// SPDX-License-Identifier: Apache-2.0

#include <torch/version.h>  // macros only

#include <fstream>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "dga/base/build_info.h"
#include "dga/base/topology.h"
#include "dga/cli/command.h"

namespace dga {
namespace {

/// The model's name as Linux gives it, or the word for what there is.
std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return "unknown";
}

/// A field of /proc/meminfo, which counts in KiB.
std::string memory(const std::string& field) {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    double kib = 0;
    if (words >> name >> kib && name == field + ":") {
      std::ostringstream text;
      text << std::fixed << std::setprecision(1) << kib / (1 << 20) << " GiB";
      return text.str();
    }
  }
  return "unknown";
}

/// The cores, without the memory that hwloc counts by NUMA node: the kernel's figure is the better
/// one.
std::string cores() {
  const std::string text = describe_machine();
  return text.substr(0, text.rfind(", "));
}

int print_info() {
  const std::string mpi = mpi_version();
  std::cout << "dga        " << version() << " (" << build_description() << ")\n"
            << "engines    threads, processes" << (mpi.empty() ? "" : ", mpi") << '\n'
            << "MPI        " << (mpi.empty() ? "none: built without" : mpi) << '\n'
            << "torch      " << TORCH_VERSION << '\n'
            << "processor  " << processor() << '\n'
            << "cores      " << cores() << '\n'
            << "memory     " << memory("MemTotal") << ", " << memory("MemAvailable")
            << " available\n";
  return 0;
}

}  // namespace

Action add_info(CLI::App&) {
  return print_info;
}

}  // namespace dga
