// SPDX-License-Identifier: Apache-2.0

#include "dga/base/topology.h"

#include <hwloc.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <memory>
#include <mutex>
#include <sstream>

#include "dga/base/error.h"

namespace dga {
namespace {

struct TopologyCloser {
  void operator()(hwloc_topology* topology) const noexcept { hwloc_topology_destroy(topology); }
};
using TopologyHandle = std::unique_ptr<hwloc_topology, TopologyCloser>;

struct BitmapCloser {
  void operator()(hwloc_bitmap_s* bitmap) const noexcept { hwloc_bitmap_free(bitmap); }
};
using Bitmap = std::unique_ptr<hwloc_bitmap_s, BitmapCloser>;

constexpr const char* kNoTopology =
    "[base] topology: expected hwloc to describe this machine, found that it cannot. Check the "
    "hwloc installation and that /sys is mounted.";

// Loading takes milliseconds, so it happens once. A loaded topology is read-only, so all threads
// may use it.
hwloc_topology_t topology() {
  static std::once_flag once;
  static TopologyHandle loaded;
  std::call_once(once, [] {
    hwloc_topology_t fresh = nullptr;
    if (hwloc_topology_init(&fresh) != 0) {
      throw Error(kNoTopology);
    }
    loaded.reset(fresh);
    if (hwloc_topology_load(fresh) != 0) {
      throw Error(kNoTopology);
    }
  });
  return loaded.get();
}

// The units that the process may use, read once before dga pins any of its threads.
hwloc_const_bitmap_t process_units() {
  static const Bitmap units = [] {
    Bitmap bitmap(hwloc_bitmap_alloc());
    if (hwloc_get_cpubind(topology(), bitmap.get(), HWLOC_CPUBIND_PROCESS) != 0) {
      hwloc_bitmap_copy(bitmap.get(), hwloc_topology_get_allowed_cpuset(topology()));
    }
    return bitmap;
  }();
  return units.get();
}

int cores_in(hwloc_const_bitmap_t units) {
  const int cores = hwloc_get_nbobjs_inside_cpuset_by_type(topology(), units, HWLOC_OBJ_CORE);
  return std::max(cores, 1);
}

// The file of cgroup v2 holds "quota period" in microseconds, or "max period" without a limit.
double quota_cores() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  double quota = 0;
  double period = 0;
  return file >> quota >> period && period > 0 ? quota / period : HUGE_VAL;
}

}  // namespace

int usable_cores() {
  const double quota = std::max(std::ceil(quota_cores()), 1.0);
  return static_cast<int>(std::min<double>(cores_in(process_units()), quota));
}

int threads_or_cores(int wanted) {
  return wanted > 0 ? wanted : usable_cores();
}

std::vector<std::uint64_t> allowed_units() {
  std::vector<std::uint64_t> bits;
  for (int next = hwloc_bitmap_first(process_units()); next >= 0;
       next = hwloc_bitmap_next(process_units(), next)) {
    const auto unit = static_cast<std::size_t>(next);
    bits.resize(std::max(bits.size(), unit / 64 + 1), 0);
    bits[unit / 64] |= std::uint64_t{1} << (unit % 64);
  }
  return bits;
}

void pin_to_core(int index) {
  const int cores = cores_in(process_units());
  hwloc_obj_t core = hwloc_get_obj_inside_cpuset_by_type(
      topology(), process_units(), HWLOC_OBJ_CORE, static_cast<unsigned>(index % cores));
  if (core != nullptr) {
    const Bitmap units(hwloc_bitmap_dup(core->cpuset));
    hwloc_bitmap_and(units.get(), units.get(), process_units());
    hwloc_set_cpubind(topology(), units.get(), HWLOC_CPUBIND_THREAD);
  }
}

std::string describe_machine() {
  hwloc_obj_t root = hwloc_get_root_obj(topology());
  std::ostringstream text;
  text << hwloc_get_nbobjs_by_type(topology(), HWLOC_OBJ_CORE) << " cores (" << usable_cores()
       << " usable), " << std::max(hwloc_get_nbobjs_by_type(topology(), HWLOC_OBJ_NUMANODE), 1)
       << " NUMA node(s), " << std::fixed << std::setprecision(1)
       << static_cast<double>(root->total_memory) / (1 << 30) << " GiB";
  return text.str();
}

}  // namespace dga
