// SPDX-License-Identifier: Apache-2.0

#include "dga/base/machine_info.h"

#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>
#include <string_view>

#include "dga/base/topology.h"

namespace dga {
namespace {

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

/// A field of /proc/meminfo in bytes; the file itself counts in KiB. 0 if the field is missing.
std::int64_t memory_bytes(std::string_view field) {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    std::int64_t kib = 0;
    if (words >> name >> kib && name == std::string(field) + ":") {
      return kib << 10;
    }
  }
  return 0;
}

}  // namespace

std::string kernel_target() {
#if defined(__x86_64__)
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return std::string(__builtin_cpu_is("intel") ? "Intel"
                     : __builtin_cpu_is("amd") ? "AMD"
                                               : "another maker") +
         (avx512 ? " with AVX512"
          : avx2 ? " with AVX2"
                 : " without AVX2");
#elif defined(__aarch64__)
  return "AArch64";
#else
  return "another architecture";
#endif
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data()
                                                                           : "localhost";
}

MachineInfo machine_info() {
  return {.host = host_name(),
          .processor = processor(),
          .cores = usable_cores(),
          .memory_bytes = memory_bytes("MemTotal"),
          .available_bytes = memory_bytes("MemAvailable")};
}

}  // namespace dga
