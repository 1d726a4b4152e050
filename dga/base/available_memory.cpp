// SPDX-License-Identifier: Apache-2.0

#include "dga/base/available_memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iomanip>
#include <limits>
#include <sstream>

namespace dga {
namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

/// The number that follows `name` at the start of a line of the file; none if there is none. An
/// empty `name` stands for the number that the file consists of.
std::optional<std::int64_t> number_in(const std::string& path, const std::string& name = {}) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    std::int64_t number = 0;
    if ((name.empty() || (words >> word && word == name)) && words >> number) {
      return number;
    }
  }
  return std::nullopt;
}

/// What the names of a controller's files are in the two versions of cgroups.
struct CgroupFiles {
  const char* limit;
  const char* usage;
  const char* reclaimable;  // in memory.stat
};
constexpr CgroupFiles kVersion1{"memory.limit_in_bytes", "memory.usage_in_bytes",
                                "total_inactive_file"};
constexpr CgroupFiles kVersion2{"memory.max", "memory.current", "inactive_file"};

/// What the limit of one cgroup leaves; kNoLimit without one ("max" is not a number).
std::int64_t room_in(const std::string& folder, const CgroupFiles& files) {
  const auto limit = number_in(folder + "/" + files.limit);
  const auto usage = number_in(folder + "/" + files.usage);
  if (!limit || !usage) {
    return kNoLimit;
  }
  // The kernel frees cached files before it kills anybody.
  const std::int64_t cached = number_in(folder + "/memory.stat", files.reclaimable).value_or(0);
  return std::max<std::int64_t>(*limit - (*usage - cached), 0);
}

/// The least room of the cgroup `path` below `mount` and of those that contain it. In a container
/// the path may be that outside, where only the mount point itself is to be seen.
std::int64_t room_up_from(const std::string& mount, const std::string& path,
                          const CgroupFiles& files) {
  std::int64_t room = room_in(mount, files);
  std::istringstream parts(path);
  std::string folder = mount;
  for (std::string part; std::getline(parts, part, '/');) {
    if (!part.empty()) {
      folder += "/" + part;
      room = std::min(room, room_in(folder, files));
    }
  }
  return room;
}

/// A line of /proc/self/cgroup is NUMBER:CONTROLLERS:PATH; without controllers it is version 2.
std::int64_t room_of_cgroups(const std::string& root) {
  std::int64_t room = kNoLimit;
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) {
      continue;
    }
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string path = line.substr(second + 1);
    if (controllers == ",,") {
      room = std::min(room, room_up_from(root + "/sys/fs/cgroup", path, kVersion2));
    } else if (controllers.find(",memory,") != std::string::npos) {
      room = std::min(room, room_up_from(root + "/sys/fs/cgroup/memory", path, kVersion1));
    }
  }
  return room;
}

std::optional<std::int64_t> address_space_left(const std::string& root) {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return std::nullopt;
  }
  const std::int64_t pages = number_in(root + "/proc/self/statm").value_or(0);
  return std::max<std::int64_t>(
      static_cast<std::int64_t>(limit.rlim_cur) - pages * sysconf(_SC_PAGESIZE), 0);
}

}  // namespace

AvailableMemory available_memory(const std::string& root) {
  const std::string meminfo = root + "/proc/meminfo";
  AvailableMemory memory{.machine = kNoLimit, .address_space = address_space_left(root)};
  if (const auto kibibytes = number_in(meminfo, "MemAvailable:")) {
    memory.machine = (*kibibytes + number_in(meminfo, "SwapFree:").value_or(0)) << 10;
  }
  const std::int64_t room = room_of_cgroups(root);
  if (room < memory.machine) {
    memory.machine = room;
    memory.limited_by_cgroup = true;
  }
  return memory;
}

std::string memory_text(double bytes) {
  constexpr std::array kUnits{"MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = bytes / (1 << 20);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::ostringstream text;
  text << std::fixed << std::setprecision(unit == 0 ? 0 : 1) << value << ' ' << kUnits.at(unit);
  return text.str();
}

}  // namespace dga
